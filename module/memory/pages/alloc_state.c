// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation state: where the page allocator is asked, and the list of what it gave.
 *
 * The zones that are asked are those whose addresses the card can drive, node by node,
 * as far as they keep their share (reserve.c). ZONE_MOVABLE and CMA are never asked:
 * where such a page is pinned for long, the memory manager tries without end to move it.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "compat.h"
#include "lib/extent_list.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"

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
		.zone = ZONE_NORMAL,
		.quarantined = UINT_MAX,
	};
	if (pcibuf_dma_translated(dev) || limit >= dma_get_required_mask(dev))
		return;
	state->narrow = true;
	if (limit <= DMA_BIT_MASK(32))
		state->zone = ZONE_NORMAL - 1;
}

/* May the zone be asked, and does it keep its share then? */
static bool may_ask(struct pcibuf_alloc_state *state, struct zone *zone,
		    unsigned int order)
{
	if (!populated_zone(zone) || (pcibuf_zone_is_tiny(zone) && !state->low))
		return false;
	if (pcibuf_reserve_allows(zone, BIT(order)))
		return true;
	pcibuf_ctx_spare(state->ctx, zone);
	return false;
}

/* Where a zone has no page, the allocator looks into the lower zones of the node. */
static struct page *ask_zone(struct pcibuf_alloc_state *state,
			     struct zone *zone, gfp_t gfp, unsigned int order)
{
	struct page *page;

	gfp |= pcibuf_zone_gfp(zone_idx(zone)) | __GFP_THISNODE;
	page = alloc_pages_node(zone_to_nid(zone), gfp, order);
	if (!page || page_zone(page) == zone ||
	    may_ask(state, page_zone(page), order))
		return page;
	__free_pages(page, order);
	return NULL;
}

/* From the top, to spare the zones of cards that reach no other. */
static struct page *ask_node(struct pcibuf_alloc_state *state, int nid,
			     gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;
	int i;

	for (i = state->zone; i >= 0 && !page; i--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		if (may_ask(state, zone, order))
			page = ask_zone(state, zone, gfp, order);
	}
	return page;
}

/* The card's node first. */
static struct page *ask_nodes(struct pcibuf_alloc_state *state, gfp_t gfp,
			      unsigned int order)
{
	int nid, own = dev_to_node(state->ctx->pool->dev);
	struct page *page;

	if (own == NUMA_NO_NODE || !node_state(own, N_MEMORY))
		own = numa_mem_id();
	page = ask_node(state, own, gfp, order);
	for_each_node_state(nid, N_MEMORY) {
		if (page)
			break;
		if (nid != own)
			page = ask_node(state, nid, gfp, order);
	}
	return page;
}

/* Before a node's memory is reclaimed, each node is asked for what is free. */
static struct page *ask(struct pcibuf_alloc_state *state, gfp_t gfp,
			unsigned int order)
{
	struct page *page = NULL;

	if (num_node_state(N_MEMORY) > 1)
		page = ask_nodes(state, gfp & ~__GFP_RECLAIM, order);
	return page ?: ask_nodes(state, gfp, order);
}

/**
 * pcibuf_state_page() - get a page that the card reaches from the page allocator
 * @state: the allocation
 * @gfp: how to ask for it, without a zone
 * @order: order of the page
 *
 * A zone that once gave a page beyond the mask is not asked again for this buffer:
 * the allocator takes pages from the same end of a zone.
 *
 * Return: the page, or NULL.
 */
struct page *pcibuf_state_page(struct pcibuf_alloc_state *state, gfp_t gfp,
			       unsigned int order)
{
	struct device *dev = state->ctx->pool->dev;
	struct page *page;

	gfp &= ~PCIBUF_GFP_NOT_MAPPED;
	if (order == PCIBUF_HUGE_ORDER)
		gfp |= HUGE_PAGE_GFP;
	for (;;) {
		page = ask(state, gfp, order);
		if (!page || pcibuf_dma_capable(dev, page, PAGE_SIZE << order))
			return page;
		state->zone = page_zonenum(page) - 1;
		__free_pages(page, order);
	}
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
 * Return: %PCIBUF_NO_CGROUP, %PCIBUF_NO_RESERVE or %PCIBUF_NO_MASK.
 */
enum pcibuf_outcome pcibuf_state_limit(struct pcibuf_alloc_state *state)
{
	if (charge_refused(state, 0))
		return PCIBUF_NO_CGROUP;
	return state->narrow && !state->ctx->spared_zone ? PCIBUF_NO_MASK :
							   PCIBUF_NO_RESERVE;
}

/**
 * pcibuf_state_keeps_low() - is the narrowest zone still kept for the end?
 * @state: the allocation
 */
bool pcibuf_state_keeps_low(const struct pcibuf_alloc_state *state)
{
	return state->narrow && !state->low;
}

/**
 * pcibuf_state_ask_low() - ask the narrowest zone too from now on
 * @state: the allocation, of a card that reaches only a part of the memory
 */
void pcibuf_state_ask_low(struct pcibuf_alloc_state *state)
{
	state->low = true;
	state->zone = max_t(int, state->zone, 0);
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
