// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range: physically contiguous memory of any size, for a card without an IOMMU.
 *
 * What is parked, if it will do; else the steps below, each dearer than the one
 * before it and able to do more.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "memory/pages/pages.h"

/*
 * One block of the page allocator, if the size is no more than that of one unit:
 * two neighbouring units are better than one block of 4 MiB, because each can be
 * mapped by one entry, and the search for neighbours finds the halves of such a
 * block.
 */
static int take_block(struct pcibuf_alloc_state *state, unsigned long nr)
{
	unsigned int order = get_order(nr << PAGE_SHIFT);
	struct pcibuf_extent extent = { .nr_pages = nr };
	struct page *page;
	int ret;

	if (nr > PCIBUF_HUGE_PAGES)
		return -ENOMEM;
	if (nr == BIT(order))
		return pcibuf_page_get(state, order);
	page = pcibuf_state_page(state, PCIBUF_GFP | __GFP_ZERO, order);
	if (!page) {
		state->ctx->limit = pcibuf_state_limit(state, order);
		return -ENOMEM;
	}
	pcibuf_block_split(page, order, nr);
	extent.pfn = page_to_pfn(page);
	ret = pcibuf_state_add(state, &extent, 1);
	if (ret)
		pcibuf_extent_put(&extent);
	return ret;
}

/* Also from the small zone that is kept for cards that reach nothing else. */
static int take_low_block(struct pcibuf_alloc_state *state, unsigned long nr)
{
	return pcibuf_state_lower(state) ? take_block(state, nr) : -ENOMEM;
}

static int claim_low(struct pcibuf_alloc_state *state, unsigned long nr)
{
	return state->low ? pcibuf_contig_get(state, nr) : -ENOMEM;
}

static const struct step {
	enum pcibuf_steps bit;
	int (*take)(struct pcibuf_alloc_state *state, unsigned long nr);
} steps[] = {
	{ PCIBUF_STEP_BLOCK, take_block },
	{ PCIBUF_STEP_NEIGHBOURS, pcibuf_neighbours_get },
	{ PCIBUF_STEP_CONTIG, pcibuf_contig_get },
	{ PCIBUF_STEP_BLOCK, take_low_block },
	{ PCIBUF_STEP_CONTIG, claim_low },
};

/* A debug build can be told to leave steps out, so that tests see each alone. */
static unsigned int contig_steps = PCIBUF_STEP_BLOCK | PCIBUF_STEP_NEIGHBOURS |
				   PCIBUF_STEP_CONTIG;
#ifdef CONFIG_PCIBUF_DEBUG
module_param(contig_steps, uint, 0644);
#endif

static int take_quarantined(struct pcibuf_alloc_state *state, unsigned long nr)
{
	struct pcibuf_pages *pages = state->pages;
	unsigned int i;
	int ret;

	ret = pcibuf_quarantine_take_range(state->pool, nr, pages);
	for (i = 0; !ret && i < pages->nr_extents; i++)
		ret = pcibuf_extent_clear(state, &pages->extents[i]);
	return ret;
}

/* A step that failed leaves nothing behind. A full cgroup ends it. */
static int try_steps(struct pcibuf_alloc_state *state, unsigned long nr)
{
	struct pcibuf_alloc_ctx *ctx = state->ctx;
	int i, ret = -ENOMEM;

	for (i = 0; i < ARRAY_SIZE(steps) && ret == -ENOMEM; i++) {
		if (!(contig_steps & steps[i].bit))
			continue;
		ret = pcibuf_ctx_check(state->pool, ctx);
		if (ret)
			return ret;
		ctx->limit = PCIBUF_LIMIT_NONE;
		ctx->steps |= steps[i].bit;
		ret = steps[i].take(state, nr);
		if (ctx->limit == PCIBUF_LIMIT_CGROUP)
			return ret;
	}
	if (ret == -ENOMEM)
		ctx->limit = nr > 1 ? PCIBUF_LIMIT_RANGE :
					 pcibuf_state_limit(state, 0);
	return ret;
}

/* What is parked was no help, so all of it comes from the system. */
static int take_fresh(struct pcibuf_alloc_state *state, unsigned long nr)
{
	int ret;

	ret = pcibuf_ctx_charge(state->pool, state->ctx,
				state->ctx->size);
	return ret ?: try_steps(state, nr);
}

/**
 * pcibuf_range_get() - all of the demand as one physically contiguous range
 * @state: where to look, and what gets it
 *
 * Return: 0, -ENOMEM with the limit set, -EDQUOT, -EINTR or -ENODEV.
 */
int pcibuf_range_get(struct pcibuf_alloc_state *state)
{
	unsigned long nr = state->ctx->size >> PAGE_SHIFT;
	int ret;

	ret = take_quarantined(state, nr);
	if (ret != -ENOMEM)
		return ret;
	return take_fresh(state, nr);
}
