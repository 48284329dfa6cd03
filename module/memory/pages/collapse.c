// SPDX-License-Identifier: GPL-2.0-only
/*
 * Collapse: make huge pages of the base pages of a contiguous allocation.
 *
 * Only a huge page can be mapped by one entry and given back by one call, and
 * alloc_contig_range() gives base pages. (From 6.12 on it gives huge pages, in
 * different ways, and not of any range.) So each 2 MiB goes back to the page allocator
 * in one piece and is asked for again as a huge page. Where somebody else waited for
 * memory and got it, it is allocated by its address once more. Where many are missed, the
 * rest stays base pages.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "lib/extent_list.h"
#include "memory/pages/pages.h"

/* One of so many may stay base pages before the rest of a slice is left as it is. */
#define MISSES_SHARE	8

/*
 * Somebody else got the block. The caller may also have reached the end of his memory
 * cgroup: then he gets none of it.
 */
static enum pcibuf_outcome take_again(struct pcibuf_alloc_state *state,
				      struct pcibuf_extent *block)
{
	enum pcibuf_outcome outcome;

	outcome = pcibuf_state_none(state, PCIBUF_HUGE_ORDER);
	if (outcome == PCIBUF_NONE)
		outcome = pcibuf_contig_take(state->ctx, block->pfn,
					     PCIBUF_HUGE_PAGES);
	if (outcome != PCIBUF_DONE)
		block->nr_pages = 0;
	return outcome;
}

/*
 * @block is base pages so far. Where the kernel zeroes what it allocates (init_on_alloc),
 * it has zeroed these pages already, and now does so again: from 5.13 on
 * alloc_contig_range() zeroes, and no allocation can be told not to.
 */
static enum pcibuf_outcome collapse_block(struct pcibuf_alloc_state *state,
					  struct pcibuf_extent *block)
{
	struct page *page = pfn_to_page(block->pfn);

	if (!pcibuf_block_join(page))
		return PCIBUF_DONE;
	__free_pages(page, PCIBUF_HUGE_ORDER);
	if (!pcibuf_block_retake(page, PCIBUF_GFP | __GFP_COMP | __GFP_ZERO))
		return take_again(state, block);
	block->order = PCIBUF_HUGE_ORDER;
	block->dirty = false;
	return PCIBUF_DONE;
}

/**
 * pcibuf_collapse() - make huge pages of a slice of a contiguous allocation
 * @state: the allocation
 * @slice: the slice, base pages. On failure: what is left of it that was not added
 * @into: gets the slice as huge pages and base pages; has room for an extent for each
 *	huge page and one more
 *
 * The caller holds the contiguous allocation lock.
 *
 * Return: %PCIBUF_DONE; %PCIBUF_NONE where somebody was faster and the slice has a
 * hole; %PCIBUF_NO_CGROUP; %PCIBUF_NO_CPU; or as pcibuf_ctx_interrupted().
 */
enum pcibuf_outcome pcibuf_collapse(struct pcibuf_alloc_state *state,
				    struct pcibuf_extent *slice,
				    struct pcibuf_pages *into)
{
	unsigned long misses = slice->nr_pages / PCIBUF_HUGE_PAGES / MISSES_SHARE;
	enum pcibuf_outcome outcome;

	while (slice->nr_pages >= PCIBUF_HUGE_PAGES) {
		struct pcibuf_extent block;

		outcome = pcibuf_ctx_interrupted(state->ctx);
		if (outcome != PCIBUF_DONE)
			return outcome;
		pcibuf_extent_cut(slice, PCIBUF_HUGE_PAGES, &block);
		outcome = collapse_block(state, &block);
		pcibuf_extents_add(into, &block);
		if (outcome != PCIBUF_DONE)
			return outcome;
		if (!block.order && !misses--)
			break;
		cond_resched();
	}
	pcibuf_extents_add(into, slice);
	slice->nr_pages = 0;
	return PCIBUF_DONE;
}
