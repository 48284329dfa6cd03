// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chunks: memory of any address that the card reaches, a unit at a time.
 *
 * First what is parked with the card, then the page allocator.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "memory/pages/pages.h"

static int take_parked(struct pcibuf_source *source, unsigned int order)
{
	struct pcibuf_run run;
	int ret;

	ret = pcibuf_runs_reserve(source->pages, 1);
	if (ret)
		return ret;
	if (order >= source->parked)
		return -ENOMEM;
	ret = pcibuf_parked_take(source->pool, order, &run);
	if (ret == -ENOENT)
		source->parked = order;
	if (ret)
		return -ENOMEM;
	pcibuf_runs_add(source->pages, &run);
	return pcibuf_run_clear(source, &run);
}

/**
 * pcibuf_chunk_get() - one unit of memory, zeroed
 * @source: where to look, and what gets it
 * @order: of the unit, at most %PCIBUF_HUGE_ORDER; from the pool it may come as
 *	that many single pages
 *
 * Return: 0, -ENOMEM (with the limit set where there is nothing to fall back to),
 * -EDQUOT, -EINTR or -ENODEV.
 */
int pcibuf_chunk_get(struct pcibuf_source *source, unsigned int order)
{
	struct pcibuf_run run = { .nr_pages = BIT(order), .order = order };
	struct page *page;
	int ret;

	ret = take_parked(source, order);
	if (ret != -ENOMEM)
		return ret;
	page = pcibuf_source_page(source, PCIBUF_GFP | __GFP_COMP | __GFP_ZERO,
				  order);
	if (!page) {
		if (!order || source->demand->contiguous)
			source->demand->limit = pcibuf_source_why(source, order);
		return -ENOMEM;
	}
	run.pfn = page_to_pfn(page);
	ret = pcibuf_source_add(source, &run, 1);
	if (ret)
		__free_pages(page, order);
	return ret;
}

static int claim(struct pcibuf_source *source, unsigned long nr)
{
	int ret;

	ret = pcibuf_demand_expect(source->pool, source->demand,
				   (u64)nr << PAGE_SHIFT);
	if (!ret)
		ret = pcibuf_demand_check(source->pool, source->demand);
	return ret ?: pcibuf_claim_get(source, nr);
}

/*
 * For a card that reaches only a part of the memory, before the small zone that
 * is kept for such: as large a piece as can be had. A full cgroup ends it.
 */
static int claim_piece(struct pcibuf_source *source, unsigned long left,
		       unsigned int order)
{
	if (source->piece &&
	    pcibuf_source_why(source, order) == PCIBUF_LIMIT_CGROUP)
		source->piece = 0;
	while (source->piece && source->claims) {
		unsigned long nr = min(left, source->piece);
		int ret = claim(source, nr);

		if (!ret)
			source->claims--;
		if (ret != -ENOMEM ||
		    source->demand->limit == PCIBUF_LIMIT_CGROUP)
			return ret;
		source->piece = round_down(nr / 2, PCIBUF_HUGE_PAGES);
	}
	return -ENOMEM;
}

/*
 * Where there is no chunk of an order there is soon none again, so *@order falls
 * for the rest of the buffer. Over the quota there may still be smaller chunks
 * that are parked.
 */
static int fill_some(struct pcibuf_source *source, unsigned long left,
		     unsigned int *order)
{
	int ret;

	*order = min_t(unsigned int, *order, ilog2(left));
	ret = pcibuf_chunk_get(source, *order);
	if (ret == -ENOMEM)
		ret = claim_piece(source, left, *order);
	if (ret == -ENOMEM && pcibuf_source_lower(source))
		ret = pcibuf_chunk_get(source, *order);
	if ((ret == -ENOMEM || ret == -EDQUOT) && *order) {
		--*order;
		return 0;
	}
	return ret;
}

/**
 * pcibuf_chunks_get() - all of the demand, wherever it lies
 * @source: where to look, and what gets it
 *
 * Return: 0, -ENOMEM, -EDQUOT, -EINTR or -ENODEV.
 */
int pcibuf_chunks_get(struct pcibuf_source *source)
{
	unsigned long nr = source->demand->size >> PAGE_SHIFT;
	struct pcibuf_pages *pages = source->pages;
	unsigned int order = PCIBUF_HUGE_ORDER;
	unsigned long check = 0;

	while (pages->nr_pages < nr) {
		int ret;

		if (pages->nr_pages >= check) {
			ret = pcibuf_demand_check(source->pool, source->demand);
			if (ret)
				return ret;
			check = pages->nr_pages + PCIBUF_CHECK_EVERY;
		}
		source->demand->limit = PCIBUF_LIMIT_NONE;
		ret = fill_some(source, nr - pages->nr_pages, &order);
		if (ret)
			return ret;
	}
	return 0;
}
