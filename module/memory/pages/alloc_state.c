// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation state: where the page allocator is asked, and the list of what it gave.
 *
 * The zones that are asked are those whose addresses the card can drive, node by node,
 * as far as the zones of a node keep their share together (reserve.c). Within a node the
 * page allocator chooses the zone, because only then it reclaims where a zone is full.
 * ZONE_MOVABLE and CMA are never asked: where such a page is pinned for long, the memory
 * manager tries without end to move it.
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

/* Base pages that are taken from a node before its zones are looked at again. */
#define LOOK_EVERY	max_t(u64, PCIBUF_CHECK_EVERY, PCIBUF_HUGE_PAGES)

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
		.top = ZONE_NORMAL,
		.node = NUMA_NO_NODE,
		.quarantined = UINT_MAX,
		.align = 1,
	};
	if (pcibuf_dma_translated(dev))
		return;
	state->align = ctx->align >> PAGE_SHIFT;
	state->shift = pcibuf_dma_pfn_shift(dev);
	if (limit >= dma_get_required_mask(dev))
		return;
	state->narrow = true;
	if (limit <= DMA_BIT_MASK(32))
		state->top = max(ZONE_NORMAL - 1, 0);
}

/* Name of the highest zone of a node that is asked. */
static const char *top_name(const struct pcibuf_alloc_state *state, int nid)
{
	int i;

	for (i = state->top; i > 0; i--)
		if (populated_zone(&NODE_DATA(nid)->node_zones[i]))
			break;
	return NODE_DATA(nid)->node_zones[i].name;
}

/* Do the zones of the node keep their share? A look is good for some pages. */
static bool may_ask(struct pcibuf_alloc_state *state, int nid,
		    unsigned int order)
{
	if (state->node != nid || state->allowed < BIT(order)) {
		u64 spare = pcibuf_reserve_spare_of(nid, state->top);

		state->node = nid;
		state->allowed = min_t(u64, spare, LOOK_EVERY);
	}
	if (state->allowed >= BIT(order))
		return true;
	pcibuf_ctx_spare(state->ctx, nid, top_name(state, nid));
	return false;
}

static struct page *ask_zones(int nid, int top, gfp_t gfp, unsigned int order)
{
	return alloc_pages_node(nid, gfp | pcibuf_zone_gfp(top) | __GFP_THISNODE,
				order);
}

/* At the end, the lowest zone is asked by itself: the others keep their share. */
static struct page *ask_node(struct pcibuf_alloc_state *state, int nid,
			     gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;

	if (may_ask(state, nid, order))
		page = ask_zones(nid, state->top, gfp, order);
	if (page)
		state->allowed -= BIT(order);
	else if (state->low && pcibuf_reserve_spare_of(nid, 0) >= BIT(order))
		page = ask_zones(nid, 0, gfp, order);
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
		page = ask_nodes(state, (gfp & ~__GFP_DIRECT_RECLAIM) |
				 __GFP_NOMEMALLOC, order);
	return page ?: ask_nodes(state, gfp, order);
}

static bool has_tiny(void)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[0];

		if (populated_zone(zone) && pcibuf_zone_is_tiny(zone))
			return true;
	}
	return false;
}

/* Is there a zone to ask? The tiny zone of x86 is asked only at the end. */
static bool can_ask(const struct pcibuf_alloc_state *state)
{
	return state->top > 0 || (state->top == 0 && (state->low || !has_tiny()));
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
	while (can_ask(state)) {
		page = ask(state, gfp, order);
		if (!page || pcibuf_dma_capable(dev, page, PAGE_SIZE << order))
			return page;
		state->top = page_zonenum(page) - 1;
		state->node = NUMA_NO_NODE;
		__free_pages(page, order);
	}
	return NULL;
}

static bool probe(struct pcibuf_alloc_state *state, gfp_t gfp,
		  unsigned int order)
{
	struct page *page = pcibuf_state_page(state, gfp, order);

	if (page)
		__free_pages(page, order);
	return page;
}

/* Is there a page that is refused only because it would be charged? */
static bool charge_refused(struct pcibuf_alloc_state *state, unsigned int order)
{
	gfp_t gfp = PCIBUF_GFP & ~__GFP_ACCOUNT;

	/* The page may become free, or be taken, just now: so charged in the midst. */
	return probe(state, gfp, order) && !probe(state, PCIBUF_GFP, order) &&
	       probe(state, gfp, order);
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
 *
 * Return: true where that zone was not asked yet.
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
	state->top = max(state->top, 0);
	state->node = NUMA_NO_NODE;
}

/**
 * pcibuf_state_align() - find the next page frame of the alignment
 * @state: the allocation
 * @pfn: page frame number
 *
 * Return: the first page frame number from @pfn on at which the memory may begin.
 */
unsigned long pcibuf_state_align(const struct pcibuf_alloc_state *state,
				 unsigned long pfn)
{
	return ALIGN(pfn + state->shift, state->align) - state->shift;
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
