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

static int take_quarantined(struct pcibuf_alloc_state *state, unsigned int order)
{
	struct pcibuf_extent extent;
	int ret;

	ret = pcibuf_extents_reserve(state->pages, 1);
	if (ret)
		return ret;
	if (order >= state->quarantined)
		return -ENOMEM;
	ret = pcibuf_quarantine_take(state->pool, order, &extent);
	if (ret == -ENOENT)
		state->quarantined = order;
	if (ret)
		return -ENOMEM;
	pcibuf_extents_add(state->pages, &extent);
	return pcibuf_extent_clear(state, &extent);
}

/**
 * pcibuf_page_get() - one unit of memory, zeroed
 * @state: where to look, and what gets it
 * @order: of the unit, at most %PCIBUF_HUGE_ORDER; from the pool it may come as
 *	that many single pages
 *
 * Return: 0, -ENOMEM (with the limit set where there is nothing to fall back to),
 * -EDQUOT, -EINTR or -ENODEV.
 */
int pcibuf_page_get(struct pcibuf_alloc_state *state, unsigned int order)
{
	struct pcibuf_extent extent = { .nr_pages = BIT(order), .order = order };
	struct page *page;
	int ret;

	ret = take_quarantined(state, order);
	if (ret != -ENOMEM)
		return ret;
	page = pcibuf_state_page(state, PCIBUF_GFP | __GFP_COMP | __GFP_ZERO,
				 order);
	if (!page) {
		if (!order || state->ctx->contiguous)
			state->ctx->limit = pcibuf_state_limit(state, order);
		return -ENOMEM;
	}
	extent.pfn = page_to_pfn(page);
	ret = pcibuf_state_add(state, &extent, 1);
	if (ret)
		__free_pages(page, order);
	return ret;
}

static int claim(struct pcibuf_alloc_state *state, unsigned long nr)
{
	int ret;

	ret = pcibuf_ctx_charge(state->pool, state->ctx,
				(u64)nr << PAGE_SHIFT);
	if (!ret)
		ret = pcibuf_ctx_check(state->pool, state->ctx);
	return ret ?: pcibuf_contig_get(state, nr);
}

/*
 * For a card that reaches only a part of the memory, before the small zone that
 * is kept for such: as large a piece as can be had. A full cgroup ends it.
 */
static int claim_piece(struct pcibuf_alloc_state *state, unsigned long left,
		       unsigned int order)
{
	if (state->piece &&
	    pcibuf_state_limit(state, order) == PCIBUF_LIMIT_CGROUP)
		state->piece = 0;
	while (state->piece && state->claims) {
		unsigned long nr = min(left, state->piece);
		int ret = claim(state, nr);

		if (!ret)
			state->claims--;
		if (ret != -ENOMEM ||
		    state->ctx->limit == PCIBUF_LIMIT_CGROUP)
			return ret;
		state->piece = round_down(nr / 2, PCIBUF_HUGE_PAGES);
	}
	return -ENOMEM;
}

/*
 * Where there is no chunk of an order there is soon none again, so *@order falls
 * for the rest of the buffer. Over the quota there may still be smaller chunks
 * that are parked.
 */
static int fill_some(struct pcibuf_alloc_state *state, unsigned long left,
		     unsigned int *order)
{
	int ret;

	*order = min_t(unsigned int, *order, ilog2(left));
	ret = pcibuf_page_get(state, *order);
	if (ret == -ENOMEM)
		ret = claim_piece(state, left, *order);
	if (ret == -ENOMEM && pcibuf_state_lower(state))
		ret = pcibuf_page_get(state, *order);
	if ((ret == -ENOMEM || ret == -EDQUOT) && *order) {
		--*order;
		return 0;
	}
	return ret;
}

/**
 * pcibuf_scattered_get() - all of the demand, wherever it lies
 * @state: where to look, and what gets it
 *
 * Return: 0, -ENOMEM, -EDQUOT, -EINTR or -ENODEV.
 */
int pcibuf_scattered_get(struct pcibuf_alloc_state *state)
{
	unsigned long nr = state->ctx->size >> PAGE_SHIFT;
	struct pcibuf_pages *pages = state->pages;
	unsigned int order = PCIBUF_HUGE_ORDER;
	unsigned long check = 0;

	while (pages->nr_pages < nr) {
		int ret;

		if (pages->nr_pages >= check) {
			ret = pcibuf_ctx_check(state->pool, state->ctx);
			if (ret)
				return ret;
			check = pages->nr_pages + PCIBUF_CHECK_EVERY;
		}
		state->ctx->limit = PCIBUF_LIMIT_NONE;
		ret = fill_some(state, nr - pages->nr_pages, &order);
		if (ret)
			return ret;
	}
	return 0;
}
