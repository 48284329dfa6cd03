// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation state: where the page allocator is asked, and the list of what it gave.
 *
 * The zones that are asked are those whose addresses the card can drive. ZONE_MOVABLE
 * and CMA are never asked: where such a page is pinned for long, the memory manager
 * tries without end to move it.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "compat.h"
#include "lib/extent_list.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"

/* From the widest zone to the narrowest, which has 16 MiB on x86. */
static const gfp_t zones[] = { 0, GFP_DMA32, GFP_DMA };

/*
 * A huge page fills a page block. Asked for as a movable page, it leaves the block
 * movable. Otherwise the block would hold unmovable pages from then on: after the
 * buffer is freed, small ones would come to lie in it, in the way of the next
 * contiguous range. But CMA is for pages that do move.
 */
#define HUGE_PAGE_GFP	(IS_ENABLED(CONFIG_CMA) ? 0 : __GFP_MOVABLE)

/**
 * pcibuf_state_init() - begin to look for memory
 * @state: out: the state
 * @pages: gets what is found
 * @ctx: the allocation
 */
void pcibuf_state_init(struct pcibuf_alloc_state *state,
		       struct pcibuf_pages *pages,
		       struct pcibuf_alloc_ctx *ctx)
{
	struct device *dev = ctx->pool->dev;
	u64 limit = pcibuf_dma_limit(dev);

	*state = (struct pcibuf_alloc_state){
		.ctx = ctx,
		.pages = pages,
		.zones = ARRAY_SIZE(zones),
		.quarantined = UINT_MAX,
	};
	if (pcibuf_dma_translated(dev) || limit >= dma_get_required_mask(dev))
		return;
	state->narrow = true;
	state->zone = limit <= DMA_BIT_MASK(32) ? 1 : 0;
	state->zones = ARRAY_SIZE(zones) - 1;
}

/**
 * pcibuf_state_page() - get a page that the card reaches from the page allocator
 * @state: the allocation
 * @gfp: how to ask for it, without a zone
 * @order: order of the page
 *
 * A zone that once gave a page beyond the mask is not asked again for this buffer:
 * the allocator takes pages from the same end of a zone. Where a zone has no page,
 * the allocator has asked the narrower zones itself, as far as they are not reserved
 * for those who reach no other.
 *
 * Return: the page, or NULL.
 */
struct page *pcibuf_state_page(struct pcibuf_alloc_state *state, gfp_t gfp,
			       unsigned int order)
{
	struct device *dev = state->ctx->pool->dev;

	if (order == PCIBUF_HUGE_ORDER)
		gfp |= HUGE_PAGE_GFP;
	for (; state->zone < state->zones; state->zone++) {
		struct page *page;

		page = alloc_pages_node(dev_to_node(dev),
					(gfp & ~PCIBUF_GFP_NOT_MAPPED) |
					zones[state->zone], order);
		if (!page)
			return NULL;
		if (pcibuf_dma_capable(dev, page, PAGE_SIZE << order))
			return page;
		__free_pages(page, order);
	}
	return NULL;
}

/* Is there a page that is refused only because it would be charged? */
static bool charge_refused(struct pcibuf_alloc_state *state, unsigned int order)
{
	gfp_t gfp = PCIBUF_GFP & ~__GFP_ACCOUNT;
	struct page *page;

	page = pcibuf_state_page(state, gfp, order);
	if (!page)
		return false;
	__free_pages(page, order);
	/* The page may have become free just now. */
	page = pcibuf_state_page(state, PCIBUF_GFP, order);
	if (page)
		__free_pages(page, order);
	return !page;
}

/**
 * pcibuf_state_none() - the outcome where there was no page
 * @state: the allocation
 * @order: order of the page that was asked for
 *
 * Return: %PCIBUF_NO_CGROUP where the caller has reached the end of his memory
 * cgroup, and no other step helps; else %PCIBUF_NONE.
 */
enum pcibuf_outcome pcibuf_state_none(struct pcibuf_alloc_state *state,
				      unsigned int order)
{
	return charge_refused(state, order) ? PCIBUF_NO_CGROUP : PCIBUF_NONE;
}

/**
 * pcibuf_state_limit() - why is there not even one base page?
 * @state: the allocation, which gives up
 *
 * Return: %PCIBUF_NO_CGROUP, %PCIBUF_NO_MASK or %PCIBUF_NO_RESERVE.
 */
enum pcibuf_outcome pcibuf_state_limit(struct pcibuf_alloc_state *state)
{
	if (charge_refused(state, 0))
		return PCIBUF_NO_CGROUP;
	return state->zone ? PCIBUF_NO_MASK : PCIBUF_NO_RESERVE;
}

/**
 * pcibuf_state_keeps_low() - is the narrowest zone still kept for the end?
 * @state: the allocation
 */
bool pcibuf_state_keeps_low(const struct pcibuf_alloc_state *state)
{
	return state->zones < ARRAY_SIZE(zones);
}

/**
 * pcibuf_state_is_low() - is the narrowest zone asked because nothing else is left?
 * @state: the allocation
 */
bool pcibuf_state_is_low(const struct pcibuf_alloc_state *state)
{
	return state->narrow && !pcibuf_state_keeps_low(state);
}

/**
 * pcibuf_state_ask_low() - ask the narrowest zone too from now on
 * @state: the allocation
 */
void pcibuf_state_ask_low(struct pcibuf_alloc_state *state)
{
	state->zones = ARRAY_SIZE(zones);
}

/**
 * pcibuf_state_add() - add memory that came from the system
 * @state: the allocation
 * @extents: the memory; it stays the caller's on failure
 * @nr: number of extents
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NO_RECORDS, or as pcibuf_ctx_add_fresh().
 */
enum pcibuf_outcome pcibuf_state_add(struct pcibuf_alloc_state *state,
				     const struct pcibuf_extent *extents,
				     unsigned int nr)
{
	enum pcibuf_outcome outcome;
	u64 bytes = 0;
	unsigned int i;

	if (!pcibuf_extents_reserve(state->pages, nr))
		return PCIBUF_NO_RECORDS;
	for (i = 0; i < nr; i++)
		bytes += (u64)extents[i].nr_pages << PAGE_SHIFT;
	outcome = pcibuf_ctx_add_fresh(state->ctx, bytes);
	for (i = 0; outcome == PCIBUF_DONE && i < nr; i++)
		pcibuf_extents_add(state->pages, &extents[i]);
	return outcome;
}
