// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the platform does between a card and memory: whether an IOMMU
 * translates, whether a page can be reached, whether it would be copied.
 */
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <xen/xen.h>

#include "compat.h"
#include "memory/dma.h"

/**
 * pcibuf_dma_translated() - does an IOMMU translate for this card?
 * @dev: the PCI device
 *
 * One in passthrough does not: its domain is an identity.
 */
bool pcibuf_dma_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type & __IOMMU_DOMAIN_PAGING;
}

/**
 * pcibuf_dma_limit() - the highest bus address that reaches memory
 * @dev: the PCI device
 */
u64 pcibuf_dma_limit(struct device *dev)
{
	return min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
}

/*
 * On a machine that encrypts its memory, a page's address has a high bit (that of
 * AMD's SME), which this card cannot drive; there is memory without it.
 */
static bool hidden_by_host(struct device *dev)
{
	return pcibuf_cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT) &&
	       !pcibuf_dma_translated(dev) &&
	       phys_to_dma(dev, 0) > pcibuf_dma_limit(dev);
}

/**
 * pcibuf_dma_wants_coherent() - can ordinary pages not serve this card?
 * @dev: the PCI device
 * @contiguous: one range of bus addresses is wanted
 *
 * They cannot where the card does not snoop the caches, where the memory of a
 * guest is hidden from its devices, and under Xen PV, whose pages are not where
 * they seem to be. An untrusted device (an external port) gets each page mapped
 * by itself, so one range for it can only come from dma_alloc_coherent().
 */
bool pcibuf_dma_wants_coherent(struct device *dev, bool contiguous)
{
	if (!dev_is_dma_coherent(dev) || xen_pv_domain() ||
	    pcibuf_cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) || hidden_by_host(dev))
		return true;
	return contiguous && to_pci_dev(dev)->untrusted &&
	       pcibuf_dma_translated(dev);
}

/**
 * pcibuf_dma_end_pfn() - the first page frame beyond the card's reach
 * @dev: the PCI device, which nothing translates for
 */
unsigned long pcibuf_dma_end_pfn(struct device *dev)
{
	u64 limit = pcibuf_dma_limit(dev);

	if (limit >= dma_get_required_mask(dev))
		return ULONG_MAX;
	return PHYS_PFN(dma_to_phys(dev, limit)) + 1;
}

/**
 * pcibuf_dma_capable() - can the card drive the address of this memory?
 * @dev: the PCI device
 * @page: first page
 * @bytes: length of the contiguous memory that begins there
 *
 * Asked before anything is mapped, because mapping beyond the mask warns or
 * copies. What dma_capable() does, which modules cannot call any more: from 7.3 on
 * it wants a function that is not exported.
 */
bool pcibuf_dma_capable(struct device *dev, struct page *page, size_t bytes)
{
	dma_addr_t addr;

	if (pcibuf_dma_translated(dev))
		return true;
	addr = phys_to_dma(dev, page_to_phys(page));
	return addr != DMA_MAPPING_ERROR &&
	       (u64)addr + bytes - 1 <= pcibuf_dma_limit(dev);
}

/*
 * Behind a domain dma_need_sync() is always true on 6.1, so compare the
 * addresses there.
 */
static bool mapped_elsewhere(struct device *dev, dma_addr_t addr,
			     struct page *page)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (pcibuf_dma_translated(dev))
		return iommu_iova_to_phys(domain, addr) != page_to_phys(page);
	return dma_need_sync(dev, addr);
}

/**
 * pcibuf_dma_bounces() - would the platform copy this page for the card?
 * @dev: the PCI device
 * @page: a page that the card can reach
 *
 * Maps it once to see: with swiotlb=force, mapping a whole buffer would fill
 * the bounce pool and the log. As a list, since of a single page that it cannot map
 * 5.10 logs the address (of an untrusted card's list, too). What cannot be mapped
 * counts as copied, but not behind an IOMMU: that has no free range, perhaps for a
 * moment only, and whoever maps the whole finds out.
 */
bool pcibuf_dma_bounces(struct device *dev, struct page *page)
{
	struct scatterlist sg;
	bool bounces;

	sg_init_table(&sg, 1);
	sg_set_page(&sg, page, PAGE_SIZE, 0);
	if (!dma_map_sg_attrs(dev, &sg, 1, DMA_BIDIRECTIONAL, DMA_ATTR_NO_WARN))
		return !pcibuf_dma_translated(dev);
	bounces = mapped_elsewhere(dev, sg_dma_address(&sg), page);
	pcibuf_unmap_sg(dev, &sg, 1, DMA_BIDIRECTIONAL);
	return bounces;
}

/**
 * pcibuf_dma_flush() - make sure that what was unmapped is out of reach
 * @dev: the PCI device
 *
 * By default an IOMMU invalidates its translation cache lazily, so that a card
 * can write on for some milliseconds after dma_unmap.
 */
void pcibuf_dma_flush(struct device *dev)
{
	if (pcibuf_dma_translated(dev))
		iommu_flush_iotlb_all(iommu_get_domain_for_dev(dev));
}
