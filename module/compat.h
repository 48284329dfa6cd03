/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compat: differences between the kernels that the driver is built for. Only this
 * file knows kernel versions. All other files are written for the newest kernel.
 *
 * Kbuild searches the kernel's headers and defines the macros PCIBUF_HAS_... So an
 * interface that a distribution brought back to an older kernel is found. Where two
 * kernels behave differently and no header shows it, the version decides.
 */
#ifndef PCIBUF_COMPAT_H
#define PCIBUF_COMPAT_H

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sched/coredump.h>
#include <linux/swiotlb.h>
#include <linux/version.h>

/* From 6.2 on the callbacks of classes and device types take a const device. */
#ifdef PCIBUF_HAS_CONST_DEVICE
#define pcibuf_const const
#else
#define pcibuf_const
#endif

/* From 6.16 on binary attributes, and arrays of binary attributes, are const. */
#ifdef PCIBUF_HAS_CONST_BIN
#define pcibuf_bin_const const
#else
#define pcibuf_bin_const
#endif

/* From 6.3 on vm_flags is read only, and only functions of the kernel change it. */
static inline void pcibuf_vm_flags_set(struct vm_area_struct *vma,
				       vm_flags_t flags)
{
#ifdef PCIBUF_HAS_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/*
 * In 6.5 copy_splice_read() replaced generic_file_splice_read() for files without a
 * page cache, such as the files of this driver.
 */
#ifdef PCIBUF_HAS_COPY_SPLICE_READ
#define pcibuf_splice_read copy_splice_read
#else
#define pcibuf_splice_read generic_file_splice_read
#endif

/*
 * Find an address for a mapping that huge pages fit. Before 5.18
 * thp_get_unmapped_area() does so only for files of DAX. So ask for 2 MiB more than
 * needed, and choose the address inside that range.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
static inline unsigned long
pcibuf_get_unmapped_area(struct file *file, unsigned long addr,
			 unsigned long len, unsigned long pgoff,
			 unsigned long flags)
{
	unsigned long found = -ENOMEM;

	if (!addr && !(flags & MAP_FIXED) && len >= PMD_SIZE &&
	    len < TASK_SIZE - PMD_SIZE)
		found = current->mm->get_unmapped_area(file, addr,
						       len + PMD_SIZE, pgoff,
						       flags);
	if (IS_ERR_VALUE(found))
		return current->mm->get_unmapped_area(file, addr, len, pgoff,
						      flags);
	return found + (((pgoff << PAGE_SHIFT) - found) & ~PMD_MASK);
}
#else
#define pcibuf_get_unmapped_area thp_get_unmapped_area
#endif

/*
 * Does a process refuse huge pages? From 6.12 on the memory manager maps no huge
 * page for such a process, even where the fault handler returns one: it maps one
 * base page a fault. From 6.18 on a function reads the flags of an mm.
 */
static inline bool pcibuf_huge_pages_refused(struct mm_struct *mm)
{
#ifdef PCIBUF_HAS_MM_FLAGS
	return mm_flags_test(MMF_DISABLE_THP_COMPLETELY, mm);
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return test_bit(MMF_DISABLE_THP, &mm->flags);
#else
	return false;
#endif
}

/*
 * Flags to leave out when allocating pages that user space maps. Before 5.11 a page
 * that is charged to a cgroup has a mark in the field that counts its mappings. So a
 * charged page cannot be mapped.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define PCIBUF_GFP_NOT_MAPPED __GFP_ACCOUNT
#else
#define PCIBUF_GFP_NOT_MAPPED ((__force gfp_t)0)
#endif

/* From 6.7 on ->get_policy of an area has one more argument. */
#ifdef PCIBUF_HAS_POLICY_INDEX
#define PCIBUF_GET_POLICY_ARGS \
	struct vm_area_struct *vma, unsigned long address, pgoff_t *index
#else
#define PCIBUF_GET_POLICY_ARGS \
	struct vm_area_struct *vma, unsigned long address
#endif

/*
 * Before 5.16 the kernel does not tell whether the memory of the host or the memory
 * of a guest is encrypted.
 */
#ifdef PCIBUF_HAS_CC_PLATFORM
#include <linux/cc_platform.h>
#define pcibuf_cc_platform_has(attr) cc_platform_has(attr)
#else
#include <linux/mem_encrypt.h>
#define pcibuf_cc_platform_has(attr) mem_encrypt_active()
#endif

/*
 * Before 5.11 no call flushes the cache of Intel's IOMMU: the driver of that IOMMU
 * has no ->flush_iotlb_all, and dma_unmap leaves the flush to a timer of 10 ms. But
 * iommu_unmap() flushes the range that it unmaps (intel_unmap() and
 * intel_iommu_unmap() in drivers/iommu/intel/iommu.c of that kernel). So call
 * iommu_unmap() first: the card no longer reaches the range when dma_unmap frees it.
 * A mapped list is one range with that driver. Leave out an untrusted device: for
 * such a device dma_unmap flushes by itself, and dma_unmap needs the mapping to find
 * the copies that it made.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0) && defined(CONFIG_INTEL_IOMMU)
static inline void pcibuf_take_away(struct device *dev, dma_addr_t addr,
				    size_t size)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (size && domain && domain->type & __IOMMU_DOMAIN_PAGING &&
	    !domain->ops->flush_iotlb_all && !to_pci_dev(dev)->untrusted)
		iommu_unmap(domain, addr, size);
}

static inline void pcibuf_take_away_sg(struct device *dev,
				       struct scatterlist *sgl, int nents)
{
	struct scatterlist *sg;
	size_t size = 0;
	int i;

	for_each_sg(sgl, sg, nents, i)
		size += sg_dma_len(sg);
	pcibuf_take_away(dev, sg_dma_address(sgl), size);
}
#else
static inline void pcibuf_take_away(struct device *dev, dma_addr_t addr,
				    size_t size)
{
}

static inline void pcibuf_take_away_sg(struct device *dev,
				       struct scatterlist *sgl, int nents)
{
}
#endif

/*
 * Call dma_unmap_sg(). With Intel's IOMMU before 5.11, first end the card's access.
 */
static inline void pcibuf_unmap_sg(struct device *dev, struct scatterlist *sgl,
				   int nents, enum dma_data_direction dir)
{
	pcibuf_take_away_sg(dev, sgl, nents);
	dma_unmap_sg(dev, sgl, nents, dir);
}

/* Call dma_free_coherent(). With Intel's IOMMU before 5.11, first end the access. */
static inline void pcibuf_free_coherent(struct device *dev, size_t size,
					void *cpu, dma_addr_t addr)
{
	pcibuf_take_away(dev, addr, size);
	dma_free_coherent(dev, size, cpu, addr);
}

/*
 * From 6.16 on alloc_contig_range() takes flags; before, it takes a migrate type.
 * Before 5.19 the range must be aligned to the largest block of the page allocator.
 */
#ifdef ACR_FLAGS_NONE
#define PCIBUF_CONTIG_FLAGS ACR_FLAGS_NONE
#else
#define PCIBUF_CONTIG_FLAGS MIGRATE_MOVABLE
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 19, 0)
#define PCIBUF_CONTIG_ALIGN MAX_ORDER_NR_PAGES
#else
#define PCIBUF_CONTIG_ALIGN 1UL
#endif

/*
 * Is a page block for something else than ordinary memory? No kernel exports the test,
 * but the headers tell where the bits of each page block are. Through 6.16 "isolated"
 * is one of the types; since then it is a bit of its own.
 */
static inline bool pcibuf_pageblock_is_kept(struct zone *zone, unsigned long pfn)
{
	unsigned long *map, bits;

#ifdef CONFIG_SPARSEMEM
	map = section_to_usemap(__pfn_to_section(pfn));
	pfn &= PAGES_PER_SECTION - 1;
#else
	map = zone->pageblock_flags;
	pfn -= round_down(zone->zone_start_pfn, pageblock_nr_pages);
#endif
	pfn = (pfn >> pageblock_order) * NR_PAGEBLOCK_BITS;
	bits = READ_ONCE(map[pfn / BITS_PER_LONG]) >> pfn % BITS_PER_LONG;
#ifdef PAGEBLOCK_ISO_MASK
	if (bits & PAGEBLOCK_ISO_MASK)
		return true;
#endif
	return (bits & 7) >= MIGRATE_HIGHATOMIC;
}

/*
 * Does the page table entry of a fault hold a marker, although no page is mapped there?
 * userfaultfd puts markers into the entries of a driver's mapping from 6.7 on
 * (UFFD_FEATURE_WP_ASYNC). Before 5.19 a fault does not tell, and there are no markers.
 */
static inline bool pcibuf_fault_has_marker(const struct vm_fault *vmf)
{
#ifdef PCIBUF_HAS_ORIG_PTE
	return vmf->flags & FAULT_FLAG_ORIG_PTE_VALID &&
	       !pte_none(vmf->orig_pte);
#else
	return false;
#endif
}

/*
 * Does the platform copy all that is mapped for a device, without an IOMMU? Before 5.15
 * only a mapping tells.
 */
static inline bool pcibuf_always_bounces(struct device *dev)
{
#ifdef PCIBUF_HAS_FORCE_BOUNCE
	return is_swiotlb_force_bounce(dev);
#else
	return false;
#endif
}

/* Pages of CMA in a zone. Linux 5.10 does not count them by zone. */
static inline unsigned long pcibuf_zone_cma_pages(struct zone *zone)
{
#ifdef PCIBUF_HAS_ZONE_CMA_PAGES
	return zone_cma_pages(zone);
#else
	return 0;
#endif
}

/*
 * Set the offset of a page in its file, in base pages. From 6.12 on the memory
 * manager compares this offset when it maps a compound page by one entry.
 */
static inline void pcibuf_page_set_index(struct page *page, pgoff_t index)
{
	/* In 5.16 the field moved to struct folio. In 6.16 struct page lost it. */
#ifdef PCIBUF_HAS_FOLIO
	page_folio(page)->index = index;
#else
	page->index = index;
#endif
}

/* Is a page pinned, for direct I/O for example? The kernel only estimates that. */
static inline bool pcibuf_page_pinned(struct page *page)
{
	/* From 5.16 on a test takes a folio. Soon after 6.1 none takes a page. */
#ifdef PCIBUF_HAS_FOLIO
	return folio_maybe_dma_pinned(page_folio(page));
#else
	return page_maybe_dma_pinned(page);
#endif
}

#endif /* PCIBUF_COMPAT_H */
