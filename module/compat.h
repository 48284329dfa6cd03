/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that the driver is built for. The only file
 * that knows versions: all others read as if written for today's kernel.
 *
 * PCIBUF_HAS_... come from Kbuild, which looks into the kernel's headers: what a
 * distribution brought back to an older kernel is found so. Where behaviour
 * differs and no header shows it, the version decides.
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
#include <linux/version.h>

/* Callbacks of classes and device types take a const device from 6.2 on. */
#ifdef PCIBUF_HAS_CONST_DEVICE
#define pcibuf_const const
#else
#define pcibuf_const
#endif

/* Binary attributes, and the lists of them, are const from 6.16 on. */
#ifdef PCIBUF_HAS_CONST_BIN
#define pcibuf_bin_const const
#else
#define pcibuf_bin_const
#endif

/* From 6.3 on vm_flags is read only, and functions change it. */
static inline void pcibuf_vm_flags_set(struct vm_area_struct *vma,
				       vm_flags_t flags)
{
#ifdef PCIBUF_HAS_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/* For files like ours, 6.5 replaced generic_file_splice_read(). */
#ifdef PCIBUF_HAS_COPY_SPLICE_READ
#define pcibuf_splice_read copy_splice_read
#else
#define pcibuf_splice_read generic_file_splice_read
#endif

/*
 * Until 5.18 it gave an address that large pages fit only to files of DAX: so ask
 * for 2 MiB more than needed, and take what fits out of it.
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
 * Does this process refuse large pages? From 6.12 on the memory manager maps none
 * for it, not even one that the fault handler has, but a page for each fault. The
 * flags of an mm are read by a function from 6.18 on.
 */
static inline bool pcibuf_large_pages_refused(struct mm_struct *mm)
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
 * Before 5.11 the mark of a page that is charged to a cgroup stood where the
 * count of its mappings does, so what is charged cannot be mapped.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define PCIBUF_GFP_NOT_MAPPED __GFP_ACCOUNT
#else
#define PCIBUF_GFP_NOT_MAPPED ((__force gfp_t)0)
#endif

/* What is asked for the policy of an area has one more argument from 6.7 on. */
#ifdef PCIBUF_HAS_POLICY_INDEX
#define PCIBUF_GET_POLICY_ARGS \
	struct vm_area_struct *vma, unsigned long address, pgoff_t *index
#else
#define PCIBUF_GET_POLICY_ARGS \
	struct vm_area_struct *vma, unsigned long address
#endif

/* Until 5.16 the kernel did not tell whose memory is encrypted. */
#ifdef PCIBUF_HAS_CC_PLATFORM
#include <linux/cc_platform.h>
#define pcibuf_cc_platform_has(attr) cc_platform_has(attr)
#else
#include <linux/mem_encrypt.h>
#define pcibuf_cc_platform_has(attr) mem_encrypt_active()
#endif

/*
 * Until 5.11 Intel's IOMMU cannot be told to flush its cache, and dma_unmap leaves the
 * flush to a timer of 10 ms. iommu_unmap() flushes what it takes away (intel_unmap() and
 * intel_iommu_unmap() in drivers/iommu/intel/iommu.c of that kernel). So iommu_unmap()
 * comes first, and dma_unmap then finds nothing that the card could still reach. A
 * list has one range there. For an untrusted device dma_unmap flushes by itself, and
 * needs what was mapped to find its copies.
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

static inline void pcibuf_unmap_sg(struct device *dev, struct scatterlist *sgl,
				   int nents, enum dma_data_direction dir)
{
	pcibuf_take_away_sg(dev, sgl, nents);
	dma_unmap_sg(dev, sgl, nents, dir);
}

static inline void pcibuf_free_coherent(struct device *dev, size_t size,
					void *cpu, dma_addr_t addr)
{
	pcibuf_take_away(dev, addr, size);
	dma_free_coherent(dev, size, cpu, addr);
}

/*
 * alloc_contig_range() took a migrate type until 6.16; now it takes flags. Before 5.19
 * the range has to be aligned to the largest block.
 */
#ifdef ACR_FLAGS_NONE
#define PCIBUF_CONTIG_FLAGS ACR_FLAGS_NONE
#else
#define PCIBUF_CONTIG_FLAGS MIGRATE_MOVABLE
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 19, 0)
#define PCIBUF_CONTIG_ALIGN MAX_ORDER_NR_PAGES
#else
#define PCIBUF_CONTIG_ALIGN PCIBUF_HUGE_PAGES
#endif

/*
 * The offset of a page in its file, in pages: the memory manager compares it
 * when it maps a compound page by one entry (from 6.12 on).
 */
static inline void pcibuf_page_set_index(struct page *page, pgoff_t index)
{
	/* The field moved with folios, in 5.16, and page lost it in 6.16. */
#ifdef PCIBUF_HAS_FOLIO
	page_folio(page)->index = index;
#else
	page->index = index;
#endif
}

/* Does somebody seem to hold it for direct I/O or the like? A guess. */
static inline bool pcibuf_page_pinned(struct page *page)
{
	/* Of folios from 5.16 on, of nothing else soon after 6.1. */
#ifdef PCIBUF_HAS_FOLIO
	return folio_maybe_dma_pinned(page_folio(page));
#else
	return page_maybe_dma_pinned(page);
#endif
}

#endif /* PCIBUF_COMPAT_H */
