// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a buffer.
 *
 * Page-backed memory is mapped by faults, in one of two modes that are fixed in
 * ->mmap and never meet in one area:
 *
 * huge	- the area and the buffer lie alike modulo 2 MiB, and pages of that size
 *	  stand behind it. The fault handler returns the page locked, and the
 *	  memory manager maps all of it by one entry. VM_MIXEDMAP must not be
 *	  set: with it the manager maps huge entries too, and forgets to drop
 *	  their references at munmap.
 * window - everything else. The handler itself fills the page table for
 *	  2 MiB with the fault in them. That needs VM_MIXEDMAP.
 *
 * Both kinds of entry hold references to the pages, so what is mapped is never
 * freed under anybody. VM_PFNMAP and VM_IO are not set: to the rest of the
 * kernel this is ordinary memory, good for direct I/O.
 *
 * How revoke and faults keep apart: see pcibuf_buffer_detach_memory() for its side. In
 * huge mode a fault looks at the buffer again after it has the page's lock,
 * which it keeps until the entry is in place, and revoke takes each page's lock
 * once between marking the buffer dead and removing entries. In window mode the
 * entries are made under the buffer's lock.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "buffer/buffer.h"
#include "compat.h"
#include "sync_point.h"

/* Pages that are inserted by one call. */
#define BATCH	32

static struct page *page_at(struct pcibuf_buffer *buffer, pgoff_t pgoff,
			    unsigned int *order)
{
	lockdep_assert_held(&buffer->lock);
	return buffer->memory->ops->page(buffer->memory, pgoff, order);
}

/* A reference to the page at @pgoff, or NULL where the buffer is dead. */
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

static vm_fault_t huge_fault(struct vm_fault *vmf)
{
	struct pcibuf_buffer *buffer = vmf->vma->vm_private_data;
	struct page *page = get_page_at(buffer, vmf->pgoff);
	vm_fault_t ret = VM_FAULT_LOCKED;

	if (!page)
		return VM_FAULT_SIGBUS;
	pcibuf_sync_point(PCIBUF_SYNC_FAULT);
	lock_page(page);
	/*
	 * Revoke locks this page after it set dead: one of us sees the other. And with
	 * a broken page that is not said to be locked the kernel unmaps it by the
	 * page's mapping, which there is none (__do_fault() in mm/memory.c).
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
 * The kernel takes entries away now and then, to see from which node memory is
 * used and to move it there. This cannot be moved: an area whose policy is said to
 * be nobody's is spared, as one with VM_MIXEDMAP is.
 */
static struct mempolicy *no_policy(PCIBUF_GET_POLICY_ARGS)
{
	return NULL;
}
#endif

static const struct vm_operations_struct huge_vm_ops = {
	.fault = huge_fault,
#ifdef CONFIG_NUMA
	.get_policy = no_policy,
#endif
};

static vm_fault_t insert(struct vm_area_struct *vma, unsigned long address)
{
	struct pcibuf_buffer *buffer = vma->vm_private_data;
	unsigned int order;
	struct page *page;

	page = page_at(buffer, linear_page_index(vma, address), &order);
	if (PageHWPoison(page))
		return VM_FAULT_HWPOISON;
	/* NOPAGE also where another thread was faster. */
	return vmf_insert_page(vma, address, page);
}

/* So many at once: pages that were inserted, fewer where one is there already. */
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

/* In batches, and page by page where that meets what is there already. */
static void fill(struct vm_area_struct *vma, unsigned long at,
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
		insert(vma, at);
}

/*
 * Windows are counted from the start of the area, so that there are no more of
 * them than the area is long. The page that was asked for comes first: whatever
 * becomes of the others, the fault must not come back for the same page.
 */
static vm_fault_t fault_around(struct vm_area_struct *vma, unsigned long address)
{
	unsigned long offset = round_down(address - vma->vm_start, PMD_SIZE);
	unsigned long start = vma->vm_start + offset;
	unsigned long end = min(vma->vm_end - start, PMD_SIZE) + start;
	vm_fault_t ret = insert(vma, address);

	if (ret != VM_FAULT_NOPAGE)
		return ret;
	fill(vma, start, address);
	fill(vma, address + PAGE_SIZE, end);
	return VM_FAULT_NOPAGE;
}

static vm_fault_t fault_around_fault(struct vm_fault *vmf)
{
	struct pcibuf_buffer *buffer = vmf->vma->vm_private_data;
	vm_fault_t ret;

	if (pcibuf_buffer_enter(buffer))
		return VM_FAULT_SIGBUS;
	pcibuf_sync_point(PCIBUF_SYNC_WINDOW);
	ret = fault_around(vmf->vma, vmf->address & PAGE_MASK);
	pcibuf_buffer_exit(buffer);
	return ret;
}

static const struct vm_operations_struct fault_around_vm_ops = {
	.fault = fault_around_fault,
};

/* A whole window inside the area, and pages of 2 MiB behind each such. */
static bool fits_huge(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	unsigned long address = ALIGN(vma->vm_start, PMD_SIZE);
	unsigned int order;

	/* PREEMPT_RT has no large pages: there it would be a fault for each. */
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return false;
	if (((vma->vm_start >> PAGE_SHIFT) ^ vma->vm_pgoff) %
	    PCIBUF_HUGE_PAGES || pcibuf_large_pages_refused(vma->vm_mm))
		return false;
	if (address + PMD_SIZE > vma->vm_end)
		return false;
	for (; address + PMD_SIZE <= vma->vm_end; address += PMD_SIZE) {
		page_at(buffer, linear_page_index(vma, address), &order);
		if (order != PCIBUF_HUGE_ORDER)
			return false;
	}
	return true;
}

static int map_pages(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	if (fits_huge(buffer, vma)) {
		vma->vm_ops = &huge_vm_ops;
	} else {
		pcibuf_vm_flags_set(vma, VM_MIXEDMAP);
		vma->vm_ops = &fault_around_vm_ops;
	}
	return 0;
}

/* All entries were made at once: this one was dropped, or buffer is revoked. */
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

static bool inside(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
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
 * @buffer: of the file
 * @vma: new, not yet known to anybody; the mmap_lock is held for writing
 *
 * A private mapping would be of copies that the card never sees. The test is
 * for VM_MAYSHARE because VM_SHARED is cleared for a file that was opened read
 * only.
 *
 * Return: 0, -EINVAL for a private mapping or a range beyond the buffer,
 * -ENODEV where it is dead, -ENOMEM.
 */
int pcibuf_map(struct pcibuf_buffer *buffer, struct vm_area_struct *vma)
{
	int ret;

	ret = pcibuf_buffer_enter(buffer);
	if (ret)
		return ret;
	if (vma->vm_flags & VM_MAYSHARE && inside(buffer, vma))
		ret = map_alive(buffer, vma);
	else
		ret = -EINVAL;
	pcibuf_buffer_exit(buffer);
	pcibuf_sync_point(PCIBUF_SYNC_MMAP);
	return ret;
}
