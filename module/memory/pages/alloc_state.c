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
 * pcibuf_state_init() - begin to look for memory
 * @state: filled
 * @pages: get it
 * @ctx: the allocation
 */
void pcibuf_state_init(struct pcibuf_alloc_state *state,
		       struct pcibuf_pages *pages, struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_pool *pool = pages->memory.pool;
	u64 limit = pcibuf_dma_limit(pool->dev);

	*state = (struct pcibuf_alloc_state){
		.pool = pool,
		.ctx = ctx,
		.pages = pages,
		.zones = ARRAY_SIZE(zones),
		.quarantined = UINT_MAX,
	};
	if (pcibuf_dma_translated(pool->dev) ||
	    limit >= dma_get_required_mask(pool->dev))
		return;
	if (limit <= DMA_BIT_MASK(32))
		state->zone = 1;
	state->zones = ARRAY_SIZE(zones) - 1;
	state->piece = ULONG_MAX;
	state->claims = MAX_CLAIMS;
}

/**
 * pcibuf_state_page() - a page that the card reaches, from the page allocator
 * @state: where to look
 * @gfp: how to ask for it, without a zone
 * @order: of the page
 *
 * A zone that once gave a page beyond the mask is not asked again for this
 * buffer: it hands out from the same end. One that has none has asked the
 * narrower zones itself, as far as they are not reserved for those who need them.
 *
 * Return: the page, or NULL.
 */
struct page *pcibuf_state_page(struct pcibuf_alloc_state *state, gfp_t gfp,
			       unsigned int order)
{
	struct device *dev = state->pool->dev;

	if (order == PCIBUF_HUGE_ORDER)
		gfp |= UNIT_GFP;
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
	/* It may have become free just now. */
	page = pcibuf_state_page(state, PCIBUF_GFP, order);
	if (page)
		__free_pages(page, order);
	return !page;
}

/**
 * pcibuf_state_limit() - why is there no memory?
 * @state: where it was looked for
 * @order: of the unit that there was none of
 *
 * Who asks may be at the end of a cgroup's memory, not of the machine's.
 *
 * Return: the limit.
 */
enum pcibuf_limit pcibuf_state_limit(struct pcibuf_alloc_state *state,
				     unsigned int order)
{
	if (charge_refused(state, order))
		return PCIBUF_LIMIT_CGROUP;
	if (state->ctx->contiguous && order)
		return PCIBUF_LIMIT_RANGE;
	return state->zone ? PCIBUF_LIMIT_MASK : PCIBUF_LIMIT_RESERVE;
}

/**
 * pcibuf_state_lower() - ask the narrowest zone too from now on
 * @state: where to look
 *
 * Return: false where it was asked all the time.
 */
bool pcibuf_state_lower(struct pcibuf_alloc_state *state)
{
	if (state->zones == ARRAY_SIZE(zones))
		return false;
	state->zones = ARRAY_SIZE(zones);
	state->low = true;
	return true;
}

/**
 * pcibuf_state_add() - add what came from the system
 * @state: the allocation
 * @extents: stay the caller's on failure
 * @nr: how many
 *
 * Return: 0, -ENOMEM or -EDQUOT.
 */
int pcibuf_state_add(struct pcibuf_alloc_state *state,
		     const struct pcibuf_extent *extents, unsigned int nr)
{
	u64 bytes = 0;
	unsigned int i;
	int ret;

	ret = pcibuf_extents_reserve(state->pages, nr);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		bytes += (u64)extents[i].nr_pages << PAGE_SHIFT;
	ret = pcibuf_ctx_add_fresh(state->pool, state->ctx, bytes);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++)
		pcibuf_extents_add(state->pages, &extents[i]);
	return 0;
}
