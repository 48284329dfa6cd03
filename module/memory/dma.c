// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: what the platform does between a card and memory: whether an IOMMU
 * translates, whether the card can reach a page, and whether the platform would copy
 * the page.
 *
 * No function takes a lock of the driver. A function that may sleep says so.
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
 * pcibuf_dma_translated() - does an IOMMU translate addresses for a card?
 * @dev: PCI device of the card
 *
 * Return: true behind a translating IOMMU; false without an IOMMU, and for an IOMMU
 * in passthrough mode, where the domain of the card is an identity domain.
 */
bool pcibuf_dma_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type & __IOMMU_DOMAIN_PAGING;
}

/**
 * pcibuf_dma_limit() - highest bus address by which a card reaches memory
 * @dev: PCI device of the card
 *
 * Return: bus address: the DMA mask of the card, or the limit of its bus if lower.
 */
u64 pcibuf_dma_limit(struct device *dev)
{
	return min_not_zero(dma_get_mask(dev), dev->bus_dma_limit);
}

/*
 * On a host that encrypts its memory (AMD SME), the bus address of every encrypted
 * page has a high bit. Where the card cannot drive that bit, dma_alloc_coherent()
 * gives memory that is not encrypted, without that bit.
 */
static bool hidden_by_host(struct device *dev)
{
	return pcibuf_cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT) &&
	       !pcibuf_dma_translated(dev) &&
	       phys_to_dma(dev, 0) > pcibuf_dma_limit(dev);
}

/**
 * pcibuf_dma_wants_coherent() - does a card need memory of dma_alloc_coherent()?
 * @dev: PCI device of the card
 * @contiguous: the caller wants one range of bus addresses
 *
 * Ordinary pages do not serve a card that does not snoop the CPU caches, a guest
 * whose memory is hidden from its devices, a host whose encrypted memory the card
 * cannot reach, and Xen PV, where physical addresses are not machine addresses. The
 * IOMMU code maps each page separately for an untrusted device (one at an external
 * port). So only dma_alloc_coherent() gives an untrusted device one range.
 *
 * Return: true where ordinary pages do not serve the card.
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
 * pcibuf_dma_end_pfn() - first page frame that a card does not reach
 * @dev: PCI device of the card; no IOMMU translates for it
 *
 * Return: page frame number; ULONG_MAX where the card reaches all memory.
 */
unsigned long pcibuf_dma_end_pfn(struct device *dev)
{
	u64 limit = pcibuf_dma_limit(dev);

	if (limit >= dma_get_required_mask(dev))
		return ULONG_MAX;
	return PHYS_PFN(dma_to_phys(dev, limit)) + 1;
}

/**
 * pcibuf_dma_pfn_shift() - how far bus addresses are from physical addresses
 * @dev: PCI device of the card; no IOMMU translates for it
 *
 * A bus can have several ranges with shifts of their own. This is the shift of the
 * first memory. So a caller that depends on bus addresses has to check them when it has
 * the memory.
 *
 * Return: number to add to a page frame number, to get the page frame number that the
 * card sees. The sum may wrap.
 */
unsigned long pcibuf_dma_pfn_shift(struct device *dev)
{
	unsigned long pfn = NODE_DATA(first_memory_node)->node_start_pfn;

	return PHYS_PFN(phys_to_dma(dev, PFN_PHYS(pfn))) - pfn;
}

/**
 * pcibuf_dma_capable() - can a card drive the bus addresses of memory?
 * @dev: PCI device of the card
 * @page: first page of the memory
 * @bytes: length of the memory in bytes; the memory is physically contiguous
 *
 * The caller asks before it maps the memory: a mapping beyond the DMA mask causes a
 * warning in the log, or a copy. The test is the test of the kernel's dma_capable().
 * From 7.3 on a module cannot call dma_capable(), because dma_capable() then calls a
 * function that is not exported.
 *
 * Return: true where the card can drive all addresses, and always behind an IOMMU.
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
 * Did the platform map the page to a copy? Behind an IOMMU compare the addresses:
 * dma_need_sync() is always true there on 6.1.
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
 * pcibuf_dma_bounces() - would the platform copy a page for a card?
 * @dev: PCI device of the card
 * @page: a page that the card can reach
 *
 * The function maps the page once, and unmaps it, unless the kernel tells without. (To map
 * a page for a card that cannot reach the bounce pool warns.) With swiotlb=force, mapping a
 * whole buffer would fill the bounce pool and the log. The function maps a list of
 * one page, not a single page: 5.10 logs the address of a single page that it cannot
 * map. (For an untrusted card 5.10 logs the address of a list too.) A page that
 * cannot be mapped counts as copied. Behind an IOMMU such a page does not count as
 * copied: the IOMMU has no free range, perhaps only for a moment. The caller finds
 * out when it maps the whole buffer.
 *
 * May sleep, but not for long.
 *
 * Return: true where the platform would copy the page.
 */
bool pcibuf_dma_bounces(struct device *dev, struct page *page)
{
	struct scatterlist sg;
	bool bounces;

	if (!pcibuf_dma_translated(dev) && pcibuf_always_bounces(dev))
		return true;
	sg_init_table(&sg, 1);
	sg_set_page(&sg, page, PAGE_SIZE, 0);
	if (!dma_map_sg_attrs(dev, &sg, 1, DMA_BIDIRECTIONAL, DMA_ATTR_NO_WARN))
		return !pcibuf_dma_translated(dev);
	bounces = mapped_elsewhere(dev, sg_dma_address(&sg), page);
	pcibuf_unmap_sg(dev, &sg, 1, DMA_BIDIRECTIONAL);
	return bounces;
}

/**
 * pcibuf_dma_flush() - make sure that a card no longer reaches unmapped memory
 * @dev: PCI device of the card
 *
 * By default the kernel invalidates the translation cache of an IOMMU lazily: a card
 * can write to memory for some milliseconds after dma_unmap. This function waits
 * until the cache is invalidated. Without an IOMMU the function does nothing.
 */
void pcibuf_dma_flush(struct device *dev)
{
	if (pcibuf_dma_translated(dev))
		iommu_flush_iotlb_all(iommu_get_domain_for_dev(dev));
}
