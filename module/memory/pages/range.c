// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range: physically contiguous memory of any size, for a card without an IOMMU.
 *
 * A range in quarantine comes first, if one fits. Then the steps below, each of which
 * costs more than the one before it and can do more.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "lib/extent_list.h"
#include "memory/pages/pages.h"

/*
 * A part of a block, as base pages. The part begins where the block does, and a block
 * lies at a multiple of its size.
 */
static enum pcibuf_outcome take_part(struct pcibuf_alloc_state *state,
				     unsigned long nr_pages, unsigned int order)
{
	struct pcibuf_extent extent = { .nr_pages = nr_pages };
	enum pcibuf_outcome outcome;
	struct page *page;

	page = pcibuf_state_page(state, PCIBUF_GFP | __GFP_ZERO, order);
	if (!page)
		return PCIBUF_NONE;
	pcibuf_block_split(page, order, nr_pages);
	extent.pfn = page_to_pfn(page);
	outcome = pcibuf_state_add(state, &extent, 1);
	if (outcome != PCIBUF_DONE)
		pcibuf_extent_put(&extent);
	return outcome;
}

/**
 * pcibuf_block_get() - get a range out of one block of the page allocator
 * @state: the allocation, which gets it
 * @nr_pages: base pages wanted
 *
 * The block has at most the size of a huge page. Two neighbouring huge pages are better
 * than one block of 4 MiB, because one entry maps each, and the search for neighbours
 * finds the halves of such a block. A block of the alignment is taken for less memory.
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NONE, or what it ran into.
 */
enum pcibuf_outcome pcibuf_block_get(struct pcibuf_alloc_state *state,
				     unsigned long nr_pages)
{
	unsigned int order = max_t(unsigned int, ilog2(state->align),
				   get_order(nr_pages << PAGE_SHIFT));
	enum pcibuf_outcome outcome;

	if (order > PCIBUF_HUGE_ORDER)
		return PCIBUF_NONE;
	if (nr_pages == BIT(order))
		outcome = pcibuf_page_get(state, order);
	else
		outcome = take_part(state, nr_pages, order);
	return outcome == PCIBUF_NONE ? pcibuf_state_none(state, order) :
					outcome;
}

/* Also from the narrowest zone, which is kept for cards that reach no other. */
static enum pcibuf_outcome take_low_block(struct pcibuf_alloc_state *state,
					  unsigned long nr_pages)
{
	if (!pcibuf_state_keeps_low(state))
		return PCIBUF_NONE;
	pcibuf_state_ask_low(state);
	return pcibuf_block_get(state, nr_pages);
}

static enum pcibuf_outcome take_low_contig(struct pcibuf_alloc_state *state,
					   unsigned long nr_pages)
{
	if (!state->low || state->ctx->stuck)
		return PCIBUF_NONE;
	return pcibuf_contig_get(state, nr_pages);
}

static const struct step {
	enum pcibuf_steps bit;
	enum pcibuf_outcome (*take)(struct pcibuf_alloc_state *state,
				    unsigned long nr_pages);
} steps[] = {
	{ PCIBUF_STEP_BLOCK, pcibuf_block_get },
	{ PCIBUF_STEP_NEIGHBOURS, pcibuf_neighbours_get },
	{ PCIBUF_STEP_CONTIG, pcibuf_contig_get },
	{ PCIBUF_STEP_BLOCK, take_low_block },
	{ PCIBUF_STEP_CONTIG, take_low_contig },
};

/* The test build can be told to leave steps out, so that tests see each alone. */
static unsigned int contig_steps = PCIBUF_STEP_BLOCK | PCIBUF_STEP_NEIGHBOURS |
				   PCIBUF_STEP_CONTIG;
#ifdef CONFIG_PCIBUF_TEST
module_param(contig_steps, uint, 0644);
#endif

/*
 * A step that fails leaves nothing behind. Where others are moved, they may move to where
 * no buffer can be: so a reserve that ends another step does not end the allocation.
 */
static enum pcibuf_outcome try_step(struct pcibuf_alloc_state *state,
				    const struct step *step,
				    unsigned long nr_pages)
{
	bool moves = step->bit == PCIBUF_STEP_CONTIG;
	enum pcibuf_outcome outcome;

	outcome = pcibuf_ctx_check(state->ctx,
				   moves ? pcibuf_reserve_movable_room() : 0);
	if (outcome == PCIBUF_NO_RESERVE && !moves)
		return PCIBUF_NONE;
	if (outcome != PCIBUF_DONE)
		return outcome;
	state->ctx->steps |= step->bit;
	outcome = step->take(state, nr_pages);
	if (outcome == PCIBUF_NO_RECORDS || outcome == PCIBUF_NO_CPU)
		return PCIBUF_NONE;
	return outcome;
}

static enum pcibuf_outcome try_steps(struct pcibuf_alloc_state *state,
				     unsigned long nr_pages)
{
	enum pcibuf_outcome outcome = PCIBUF_NONE;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps) && outcome == PCIBUF_NONE; i++)
		if (contig_steps & steps[i].bit)
			outcome = try_step(state, &steps[i], nr_pages);
	return outcome;
}

static enum pcibuf_outcome take_fresh(struct pcibuf_alloc_state *state,
				      unsigned long nr_pages)
{
	enum pcibuf_outcome outcome;

	/* Nothing in quarantine fits, so all of it comes from the system. */
	outcome = pcibuf_ctx_charge(state->ctx, state->ctx->size);
	if (outcome == PCIBUF_DONE)
		outcome = try_steps(state, nr_pages);
	if (outcome != PCIBUF_NONE)
		return outcome;
	if (nr_pages == 1 && state->align == 1)
		return pcibuf_state_limit(state);
	return state->ctx->stuck ? PCIBUF_NO_CPU : PCIBUF_NO_RANGE;
}

/**
 * pcibuf_range_get() - get all of an allocation as one physically contiguous range
 * @state: the allocation, which gets it
 *
 * Return: %PCIBUF_DONE or what it ran into, but not %PCIBUF_NONE.
 */
enum pcibuf_outcome pcibuf_range_get(struct pcibuf_alloc_state *state)
{
	unsigned long nr_pages = state->ctx->size >> PAGE_SHIFT;
	bool cut = nr_pages >= PCIBUF_HUGE_PAGES;
	enum pcibuf_outcome outcome;

	/* A small part of a huge page is taken only where nothing else is left. */
	outcome = pcibuf_quarantine_take_range(state, nr_pages, cut);
	if (outcome == PCIBUF_NONE)
		outcome = take_fresh(state, nr_pages);
	if (pcibuf_refused(outcome) && !cut &&
	    pcibuf_quarantine_take_range(state, nr_pages, true) == PCIBUF_DONE)
		outcome = PCIBUF_DONE;
	return outcome;
}
