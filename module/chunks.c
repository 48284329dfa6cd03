// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chunks: where the memory of page-backed buffers comes from.
 *
 * First what is parked with the card, then the page allocator, from the zones
 * whose addresses the card can drive. Never from ZONE_MOVABLE or CMA: whoever
 * pins such a page for long makes the memory manager try to move it, for ever.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "dma.h"
#include "pages.h"

/* How long somebody may take to drop what is no longer mapped. */
#define HELD_WAIT_MS	1000

/* From the widest to the narrowest. */
static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };

/**
 * pcibuf_source_init() - begin to look for memory
 * @source: filled
 * @pool: of the card
 * @demand: the allocation
 */
void pcibuf_source_init(struct pcibuf_source *source, struct pcibuf_pool *pool,
			struct pcibuf_demand *demand)
{
	u64 limit = pcibuf_dma_limit(pool->dev);

	*source = (struct pcibuf_source){ .pool = pool, .demand = demand };
	if (pcibuf_dma_translated(pool->dev))
		return;
	if (limit <= DMA_BIT_MASK(32) &&
	    limit < dma_get_required_mask(pool->dev))
		source->zone = 1;
}

static struct page *run_unit(struct pcibuf_run *run, unsigned long i)
{
	return pfn_to_page(run->pfn + (i << run->order));
}

static unsigned long run_units(struct pcibuf_run *run)
{
	return run->nr_pages >> run->order;
}

/*
 * For a debug build: unless somebody pinned the memory, every count is 1 when a
 * buffer lets go of it, and anything else is a leak. An exiting process drops
 * its references some time after it has taken its mapping down.
 */
static bool still_held(struct page *page)
{
	unsigned int waited;

	for (waited = 0; waited < HELD_WAIT_MS; waited += 20) {
		if (page_count(page) == 1)
			return false;
		msleep(20);
	}
	return true;
}

/**
 * pcibuf_run_put() - drop the buffer's reference to each unit
 * @run: whoever still holds a page keeps that unit alive, nobody else
 */
void pcibuf_run_put(struct pcibuf_run *run)
{
	unsigned long i;
	bool held = false;

	for (i = 0; i < run_units(run); i++) {
		struct page *page = run_unit(run, i);

		if (IS_ENABLED(CONFIG_PCIBUF_DEBUG) && !held)
			held = still_held(page);
		put_page(page);
		cond_resched();
	}
	if (held)
		pr_warn("pcibuf: DEBUG: units of order %u are still held at release\n",
			run->order);
}

static void clear_run(struct pcibuf_run *run)
{
	unsigned long i;

	for (i = 0; i < run->nr_pages; i++) {
		clear_highpage(pfn_to_page(run->pfn + i));
		cond_resched();
	}
}

static bool take_parked(struct pcibuf_source *source, unsigned int order,
			unsigned long nr, struct pcibuf_run *run)
{
	if (!pcibuf_parked_take(source->pool, order, nr, run))
		return false;
	clear_run(run);
	return true;
}

/*
 * From the page allocator. A zone that once gave a page beyond the mask is not
 * asked again for this buffer: it hands out from the same end. One that has none
 * has asked the narrower zones itself, as far as they are not reserved for those
 * who need them.
 */
static struct page *take_fresh(struct pcibuf_source *source, gfp_t gfp,
			       unsigned int order)
{
	struct device *dev = source->pool->dev;
	unsigned int zone;

	for (zone = source->zone; zone < ARRAY_SIZE(zones); zone++) {
		struct page *page;

		page = alloc_pages_node(dev_to_node(dev), gfp | zones[zone],
					order);
		if (!page)
			return NULL;
		if (pcibuf_dma_reaches(dev, page, PAGE_SIZE << order))
			return page;
		__free_pages(page, order);
		source->zone = zone + 1;
	}
	return NULL;
}

/**
 * pcibuf_source_why() - why is there no memory?
 * @source: where it was looked for
 * @order: of the unit that there was none of
 *
 * Who asks may be at the end of a cgroup's memory, not of the machine's: so the
 * same is tried without a charge.
 *
 * Return: the limit.
 */
enum pcibuf_limit pcibuf_source_why(struct pcibuf_source *source,
				    unsigned int order)
{
	struct page *page;

	page = take_fresh(source, PCIBUF_GFP & ~__GFP_ACCOUNT, order);
	if (page) {
		__free_pages(page, order);
		return PCIBUF_LIMIT_CGROUP;
	}
	if (source->demand->contiguous && order)
		return PCIBUF_LIMIT_BLOCK;
	return source->zone ? PCIBUF_LIMIT_MASK : PCIBUF_LIMIT_RESERVE;
}

/**
 * pcibuf_chunk_get() - one unit of memory, zeroed
 * @source: where to look
 * @order: of the unit, at most %PCIBUF_HUGE_ORDER; from the pool it may come as
 *	that many single pages
 * @run: filled but for its offset
 *
 * Return: 0, -ENOMEM (with the limit set where there is nothing to fall back to)
 * or -EDQUOT.
 */
int pcibuf_chunk_get(struct pcibuf_source *source, unsigned int order,
		     struct pcibuf_run *run)
{
	gfp_t gfp = PCIBUF_GFP | __GFP_COMP | __GFP_ZERO;
	u64 bytes = PAGE_SIZE << order;
	struct page *page;
	int ret;

	if (take_parked(source, order, 1UL << order, run))
		return 0;
	page = take_fresh(source, gfp, order);
	if (!page) {
		if (!order || source->demand->contiguous)
			source->demand->limit = pcibuf_source_why(source, order);
		return -ENOMEM;
	}
	ret = pcibuf_demand_fresh(source->pool, source->demand, bytes);
	if (ret) {
		__free_pages(page, order);
		return ret;
	}
	*run = (struct pcibuf_run){
		.pfn = page_to_pfn(page),
		.nr_pages = 1UL << order,
		.order = order,
	};
	return 0;
}

/* What was rounded up to a power of two goes back page by page. */
static void split_block(struct page *page, unsigned int order, unsigned long nr)
{
	unsigned long i;

	split_page(page, order);
	for (i = nr; i < 1UL << order; i++)
		__free_page(page + i);
}

static struct page *take_block(struct pcibuf_source *source, unsigned int order)
{
	struct page *page;

	source->demand->limit = PCIBUF_LIMIT_BLOCK;
	if (order > PCIBUF_HUGE_ORDER + 1)
		return NULL;
	page = take_fresh(source, PCIBUF_GFP | __GFP_ZERO, order);
	if (!page)
		source->demand->limit = pcibuf_source_why(source, order);
	return page;
}

/**
 * pcibuf_block_get() - the whole demand as one physically contiguous block
 * @source: where to look
 * @run: filled but for its offset; single pages, unless the size is that of one
 *	unit
 *
 * Return: 0, -ENOMEM with the limit set, or -EDQUOT.
 */
int pcibuf_block_get(struct pcibuf_source *source, struct pcibuf_run *run)
{
	u64 size = source->demand->size;
	unsigned long nr = size >> PAGE_SHIFT;
	unsigned int order = get_order(size);
	struct page *page;
	int ret;

	if (nr == 1UL << order && order <= PCIBUF_HUGE_ORDER)
		return pcibuf_chunk_get(source, order, run);
	if (take_parked(source, order, nr, run))
		return 0;
	page = take_block(source, order);
	if (!page)
		return -ENOMEM;
	split_block(page, order, nr);
	*run = (struct pcibuf_run){ .pfn = page_to_pfn(page), .nr_pages = nr };
	ret = pcibuf_demand_fresh(source->pool, source->demand, size);
	if (ret)
		pcibuf_run_put(run);
	return ret;
}
