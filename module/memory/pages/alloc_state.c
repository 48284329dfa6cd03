// SPDX-License-Identifier: GPL-2.0-only
/*
 * Source: where an allocation of pages asks the page allocator, and adds what it got.
 *
 * From the zones whose addresses the card can drive. Never from ZONE_MOVABLE or
 * CMA: whoever pins such a page for long makes the memory manager try to move it,
 * for ever.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "compat.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"

/* From the widest to the narrowest, which has 16 MiB on x86. */
static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };

/*
 * A unit fills a page block. Asked for as a movable page it leaves the block what
 * it was; else that would be one for unmovable pages from then on, and after the
 * buffer small ones came to lie in it, in the way of the next contiguous range.
 * But CMA is for pages that do move.
 */
#define UNIT_GFP	(IS_ENABLED(CONFIG_CMA) ? 0 : __GFP_MOVABLE)

/* How often one buffer may move others out of its way. */
#define MAX_CLAIMS	64

/**
 * pcibuf_source_init() - begin to look for memory
 * @source: filled
 * @pages: get it
 * @demand: the allocation
 */
void pcibuf_source_init(struct pcibuf_source *source,
			struct pcibuf_pages *pages, struct pcibuf_demand *demand)
{
	struct pcibuf_pool *pool = pages->memory.pool;
	u64 limit = pcibuf_dma_limit(pool->dev);

	*source = (struct pcibuf_source){
		.pool = pool,
		.demand = demand,
		.pages = pages,
		.zones = ARRAY_SIZE(zones),
		.parked = UINT_MAX,
	};
	if (pcibuf_dma_translated(pool->dev) ||
	    limit >= dma_get_required_mask(pool->dev))
		return;
	if (limit <= DMA_BIT_MASK(32))
		source->zone = 1;
	source->zones = ARRAY_SIZE(zones) - 1;
	source->piece = ULONG_MAX;
	source->claims = MAX_CLAIMS;
}

/**
 * pcibuf_source_page() - a page that the card reaches, from the page allocator
 * @source: where to look
 * @gfp: how to ask for it, without a zone
 * @order: of the page
 *
 * A zone that once gave a page beyond the mask is not asked again for this
 * buffer: it hands out from the same end. One that has none has asked the
 * narrower zones itself, as far as they are not reserved for those who need them.
 *
 * Return: the page, or NULL.
 */
struct page *pcibuf_source_page(struct pcibuf_source *source, gfp_t gfp,
				unsigned int order)
{
	struct device *dev = source->pool->dev;

	if (order == PCIBUF_HUGE_ORDER)
		gfp |= UNIT_GFP;
	for (; source->zone < source->zones; source->zone++) {
		struct page *page;

		page = alloc_pages_node(dev_to_node(dev),
					(gfp & ~PCIBUF_GFP_NOT_MAPPED) |
					zones[source->zone], order);
		if (!page)
			return NULL;
		if (pcibuf_dma_reaches(dev, page, PAGE_SIZE << order))
			return page;
		__free_pages(page, order);
	}
	return NULL;
}

/* Is there a page that is refused only because it would be charged? */
static bool charge_refused(struct pcibuf_source *source, unsigned int order)
{
	gfp_t gfp = PCIBUF_GFP & ~__GFP_ACCOUNT;
	struct page *page;

	page = pcibuf_source_page(source, gfp, order);
	if (!page)
		return false;
	__free_pages(page, order);
	/* It may have become free just now. */
	page = pcibuf_source_page(source, PCIBUF_GFP, order);
	if (page)
		__free_pages(page, order);
	return !page;
}

/**
 * pcibuf_source_why() - why is there no memory?
 * @source: where it was looked for
 * @order: of the unit that there was none of
 *
 * Who asks may be at the end of a cgroup's memory, not of the machine's.
 *
 * Return: the limit.
 */
enum pcibuf_limit pcibuf_source_why(struct pcibuf_source *source,
				    unsigned int order)
{
	if (charge_refused(source, order))
		return PCIBUF_LIMIT_CGROUP;
	if (source->demand->contiguous && order)
		return PCIBUF_LIMIT_RANGE;
	return source->zone ? PCIBUF_LIMIT_MASK : PCIBUF_LIMIT_RESERVE;
}

/**
 * pcibuf_source_lower() - ask the narrowest zone too from now on
 * @source: where to look
 *
 * Return: false where it was asked all the time.
 */
bool pcibuf_source_lower(struct pcibuf_source *source)
{
	if (source->zones == ARRAY_SIZE(zones))
		return false;
	source->zones = ARRAY_SIZE(zones);
	source->low = true;
	return true;
}

/**
 * pcibuf_source_add() - add what came from the system
 * @source: the allocation
 * @runs: stay the caller's on failure
 * @nr: how many
 *
 * Return: 0, -ENOMEM or -EDQUOT.
 */
int pcibuf_source_add(struct pcibuf_source *source,
		      const struct pcibuf_run *runs, unsigned int nr)
{
	u64 bytes = 0;
	unsigned int i;
	int ret;

	ret = pcibuf_runs_reserve(source->pages, nr);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		bytes += (u64)runs[i].nr_pages << PAGE_SHIFT;
	ret = pcibuf_demand_fresh(source->pool, source->demand, bytes);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		pcibuf_runs_add(source->pages, &runs[i]);
	return 0;
}
