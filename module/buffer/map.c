// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map: mappings of a buffer in user space.
 *
 * Faults map page-backed memory in one of two modes. ->mmap chooses the mode of an
 * area, and the mode of an area never changes:
 *
 * huge mode
 *	The address in the area and the offset in the buffer are equal modulo 2 MiB,
 *	and the memory consists of huge pages. The fault handler returns the page
 *	locked, and the memory manager maps the whole huge page by one entry.
 *	VM_MIXEDMAP must not be set: with VM_MIXEDMAP the memory manager maps huge
 *	entries too, but does not drop their references at munmap.
 * fault-around mode
 *	Every other area. The fault handler itself fills the page table of the 2 MiB
 *	around the fault. VM_MIXEDMAP must be set for that. Where the entry of the fault
 *	is not empty, the fault handler returns the page locked, see marker_fault().
 *
 * The entries of both modes hold references to the pages. So a page that is mapped
 * is never freed. VM_PFNMAP and VM_IO are not set: for the rest of the kernel the
 * pages are ordinary memory, and work for direct I/O.
 *
 * A revoke must find every entry that a fault makes. The order on the side of revoke
 * is described at pcibuf_buffer_detach_memory(). In huge mode the fault tests
 * buffer->dead again after it locked the page, and keeps the page locked until the
 * entry is in place. Revoke locks each page once, after it marked the buffer dead
 * and before it removes the entries. In fault-around mode the fault makes the
 * entries under buffer->lock.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "buffer/buffer.h"
#include "compat.h"
#include "sync_point.h"

/* Number of base pages that one call inserts. */
#define BATCH	32

static struct page *page_at(struct pcibuf_buffer *buffer, pgoff_t pgoff,
			    unsigned int *order)
{
	lockdep_assert_held(&buffer->lock);
	return buffer->memory->ops->page(buffer->memory, pgoff, order);
}

/* Return the page at @pgoff with a reference; NULL where the buffer is dead. */
static struct page *get_page_at(struct pcibuf_buffer *buffer, pgoff_t pgoff)
{
	struct page *page;
	unsigned int order;

	if (pcibuf_buffer_enter(buffer))
		return NULL;
	page = page_at(buffer, pgoff, &order);
	get_page(page);
	pcibuf_buffer_exit(buffer);
	return page;
}

/* Return the page of the fault, locked and with a reference. */
static vm_fault_t locked_fault(struct vm_fault *vmf)
{
	struct pcibuf_buffer *buffer = vmf->vma->vm_private_data;
	struct page *page = get_page_at(buffer, vmf->pgoff);
	vm_fault_t ret = VM_FAULT_LOCKED;

	if (!page)
		return VM_FAULT_SIGBUS;
	pcibuf_sync_point(PCIBUF_SYNC_FAULT);
	lock_page(page);
	/*
	 * Revoke locks this page after it set dead. So either this fault sees dead,
	 * or revoke waits for this fault.
	 *
	 * Do not return a page with a hardware error: the kernel unmaps such a page
	 * through page->mapping if it is returned with VM_FAULT_LOCKED, and the
	 * pages of a buffer have no page->mapping (__do_fault() in mm/memory.c).
	 */
	if (READ_ONCE(buffer->dead))
		ret = VM_FAULT_SIGBUS;
	else if (PageHWPoison(page))
		ret = VM_FAULT_HWPOISON;
	if (ret != VM_FAULT_LOCKED) {
		unlock_page(page);
		put_page(page);
		return ret;
	}
	pcibuf_sync_point(PCIBUF_SYNC_LOCKED);
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

#ifdef CONFIG_NUMA
/*
 * NUMA balancing takes entries away now and then, to see which node uses the memory,
 * and to move the memory to that node. A buffer cannot be moved. The kernel leaves
 * out an area whose ->get_policy returns NULL, and an area with VM_MIXEDMAP.
 */
static struct mempolicy *no_policy(PCIBUF_GET_POLICY_ARGS)
{
	return NULL;
}
#endif

static const struct vm_operations_struct huge_vm_ops = {
	.fault = locked_fault,
#ifdef CONFIG_NUMA
	.get_policy = no_policy,
#endif
};

/* Map one base page. Called under buffer->lock. */
static vm_fault_t insert_page(struct vm_area_struct *vma, unsigned long address)
{
	struct pcibuf_buffer *buffer = vma->vm_private_data;
	unsigned int order;
	struct page *page;

	page = page_at(buffer, linear_page_index(vma, address), &order);
	if (PageHWPoison(page))
		return VM_FAULT_HWPOISON;
	/*
	 * VM_FAULT_NOPAGE also where the entry is not empty any more: another thread has
	 * mapped the page meanwhile, or put a marker there, which the next fault sees.
	 */
	return vmf_insert_page(vma, address, page);
}

/*
 * Map @nr base pages, at most BATCH, by one call. Return how many were mapped: fewer
 * where a page is mapped already, 0 where a page has a hardware error.
 */
static unsigned long insert_batch(struct vm_area_struct *vma,
				  unsigned long address, unsigned long nr)
{
	struct pcibuf_buffer *buffer = vma->vm_private_data;
	pgoff_t pgoff = linear_page_index(vma, address);
	struct page *pages[BATCH];
	unsigned int order;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		pages[i] = page_at(buffer, pgoff + i, &order);
		if (PageHWPoison(pages[i]))
			return 0;
	}
	vm_insert_pages(vma, address, pages, &nr);
	return i - nr;
}

/* Map a range in batches. After a batch that failed map the rest page by page. */
static void insert_range(struct vm_area_struct *vma, unsigned long at,
			 unsigned long end)
{
	while (at < end) {
		unsigned long nr = min_t(unsigned long, BATCH,
					 (end - at) >> PAGE_SHIFT);
		unsigned long done = insert_batch(vma, at, nr);

		at += done << PAGE_SHIFT;
		if (done < nr)
			break;
	}
	for (; at < end; at += PAGE_SIZE)
		insert_page(vma, at);
}

/*
 * Map the 2 MiB around a fault. Count the 2 MiB from the start of the area, so that
 * an area takes no more faults than its length requires. Map the page of the fault
 * first: the fault must not come back for the same page, whatever happens to other
 * pages.
 */
static vm_fault_t fault_around(struct vm_area_struct *vma, unsigned long address)
{
	unsigned long offset = round_down(address - vma->vm_start, PMD_SIZE);
	unsigned long start = vma->vm_start + offset;
	unsigned long end = min(vma->vm_end - start, PMD_SIZE) + start;
	vm_fault_t ret = insert_page(vma, address);

	if (ret != VM_FAULT_NOPAGE)
		return ret;
	insert_range(vma, start, address);
	insert_range(vma, address + PAGE_SIZE, end);
	return VM_FAULT_NOPAGE;
}

static bool is_congruent(struct vm_area_struct *vma)
{
	return !(((vma->vm_start >> PAGE_SHIFT) ^ vma->vm_pgoff) %
		 PCIBUF_HUGE_PAGES);
}

/*
 * The entry of the fault holds a marker, and an insertion would be refused for ever.
 * Return the page locked: the memory manager puts the page in the place of the marker.
 *
 * From 6.14 on another thread can free the page table before the memory manager looks at
 * the entry again. Then the memory manager would map a whole huge page, and VM_MIXEDMAP
 * leaks that. The memory manager does not where the area has VM_NOHUGEPAGE, which ->mmap
 * sets. MADV_HUGEPAGE clears this flag: then refuse the access.
 */
static vm_fault_t marker_fault(struct vm_fault *vmf)
{
	if (is_congruent(vmf->vma) && !(vmf->vma->vm_flags & VM_NOHUGEPAGE))
		return VM_FAULT_SIGBUS;
	return locked_fault(vmf);
}

static vm_fault_t fault_around_fault(struct vm_fault *vmf)
{
	struct pcibuf_buffer *buffer = vmf->vma->vm_private_data;
	vm_fault_t ret;

	if (pcibuf_fault_has_marker(vmf))
		return marker_fault(vmf);
	if (pcibuf_buffer_enter(buffer))
		return VM_FAULT_SIGBUS;
	pcibuf_sync_point(PCIBUF_SYNC_AROUND);
	ret = fault_around(vmf->vma, vmf->address & PAGE_MASK);
	pcibuf_buffer_exit(buffer);
	return ret;
}

static const struct vm_operations_struct fault_around_vm_ops = {
	.fault = fault_around_fault,
};

/*
 * Can the area use huge mode? It can where the area has at least one aligned 2 MiB,
 * and a huge page backs each aligned 2 MiB of the area. Called under buffer->lock.
 */
static bool fits_huge(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	unsigned long address = ALIGN(vma->vm_start, PMD_SIZE);
	unsigned int order;

	/*
	 * PREEMPT_RT has no transparent huge pages: there the memory manager would
	 * map one base page a fault.
	 */
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return false;
	if (!is_congruent(vma) || pcibuf_huge_pages_refused(vma->vm_mm))
		return false;
	if (address + PMD_SIZE > vma->vm_end)
		return false;
	for (; address + PMD_SIZE <= vma->vm_end; address += PMD_SIZE) {
		page_at(buffer, linear_page_index(vma, address), &order);
		if (order != PCIBUF_PMD_ORDER)
			return false;
	}
	return true;
}

static int map_pages(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	if (fits_huge(buffer, vma)) {
		vma->vm_ops = &huge_vm_ops;
	} else {
		pcibuf_vm_flags_set(vma, VM_MIXEDMAP | VM_NOHUGEPAGE);
		vma->vm_ops = &fault_around_vm_ops;
	}
	return 0;
}

/* ->mmap made all entries. A fault means that an entry was dropped, or a revoke. */
static vm_fault_t coherent_fault(struct vm_fault *vmf)
{
	struct pcibuf_buffer *buffer = vmf->vma->vm_private_data;
	vm_fault_t ret;

	if (pcibuf_buffer_enter(buffer))
		return VM_FAULT_SIGBUS;
	ret = buffer->memory->ops->fault(buffer->memory, vmf);
	pcibuf_buffer_exit(buffer);
	return ret;
}

static const struct vm_operations_struct coherent_vm_ops = {
	.fault = coherent_fault,
};

static int map_coherent(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	vma->vm_ops = &coherent_vm_ops;
	return buffer->memory->ops->mmap(buffer->memory, vma);
}

static bool is_inside(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	unsigned long pages = buffer->size >> PAGE_SHIFT;

	return vma->vm_pgoff < pages && vma_pages(vma) <= pages - vma->vm_pgoff;
}

static int map_alive(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	vma->vm_private_data = buffer;
	pcibuf_vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	return buffer->memory->ops->page ? map_pages(buffer, vma) :
					   map_coherent(buffer, vma);
}

/**
 * pcibuf_map() - set up an area that maps a buffer
 * @buffer: buffer of the file
 * @vma: new area, which no other task can find yet
 *
 * A private mapping would consist of copies that the card never sees. The test is
 * for VM_MAYSHARE, because the kernel clears VM_SHARED for a file that was opened
 * read only.
 *
 * The caller holds the mmap_lock for writing. Takes buffer->lock, and coherent->lock
 * inside it. May sleep, but not for long.
 *
 * Return: 0, -EINVAL for a private mapping or a range beyond the buffer, -ENODEV
 * where the buffer is dead, or -ENOMEM.
 */
int pcibuf_map(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	int ret;

	ret = pcibuf_buffer_enter(buffer);
	if (ret)
		return ret;
	if (vma->vm_flags & VM_MAYSHARE && is_inside(buffer, vma))
		ret = map_alive(buffer, vma);
	else
		ret = -EINVAL;
	pcibuf_buffer_exit(buffer);
	pcibuf_sync_point(PCIBUF_SYNC_MMAP);
	return ret;
}
