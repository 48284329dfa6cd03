// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unite: the single pages of a claimed range become units of 2 MiB.
 *
 * Only a page of 2 MiB can be mapped by one entry and given back by one call,
 * and alloc_contig_range() gives single ones (it makes units from 6.12 on, in
 * different ways, and not of any range). So each 2 MiB goes back to the page
 * allocator in one piece, and is asked for again as a unit: what was freed last
 * is what is handed out first. Where somebody else was waiting for memory and
 * got it, it is claimed once more; and after some such it stays single pages.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#include "memory/pages/pages.h"

/* How many units may be given up before the rest is left as it is. */
#define MAX_MISSES	4

/*
 * 2 MiB from @extent->pfn on, which are single pages so far. Who asks may have
 * reached the end of his cgroup's memory: then he gets none of it.
 */
static int collapse_block(struct pcibuf_alloc_state *state, struct pcibuf_extent *extent)
{
	gfp_t gfp = PCIBUF_GFP | __GFP_COMP | __GFP_ZERO;
	struct page *page = pfn_to_page(extent->pfn);
	int ret;

	if (!pcibuf_block_join(page))
		return 0;
	__free_pages(page, PCIBUF_HUGE_ORDER);
	if (pcibuf_block_retake(page, gfp)) {
		extent->order = PCIBUF_HUGE_ORDER;
		return 0;
	}
	if (pcibuf_state_limit(state, PCIBUF_HUGE_ORDER) ==
	    PCIBUF_LIMIT_CGROUP) {
		state->ctx->limit = PCIBUF_LIMIT_CGROUP;
		ret = -ENOMEM;
	} else {
		ret = pcibuf_contig_take(extent->pfn, PCIBUF_HUGE_PAGES);
	}
	if (ret)
		extent->nr_pages = 0;
	return ret;
}

/**
 * pcibuf_collapse() - make units of what was claimed
 * @state: the allocation
 * @range: the claimed range, single pages. On failure what is left of it that was
 *	not added
 * @into: gets it as units, zeroed, and single pages, as they are; has room for a
 *	run for each 2 MiB and one more
 *
 * Called by whoever searches.
 *
 * Return: 0; -ENOMEM, when somebody was faster and the range has a hole, or the
 * caller's cgroup is full; -EINTR or -ENODEV.
 */
int pcibuf_collapse(struct pcibuf_alloc_state *state, struct pcibuf_extent *range,
		    struct pcibuf_pages *into)
{
	unsigned int misses = 0;
	int ret;

	while (range->nr_pages >= PCIBUF_HUGE_PAGES && misses < MAX_MISSES) {
		struct pcibuf_extent unit;

		ret = pcibuf_ctx_interrupted(state->pool);
		if (ret)
			return ret;
		pcibuf_extent_cut(range, PCIBUF_HUGE_PAGES, &unit);
		ret = collapse_block(state, &unit);
		pcibuf_extents_add(into, &unit);
		if (ret)
			return ret;
		misses += !unit.order;
		cond_resched();
	}
	pcibuf_extents_add(into, range);
	range->nr_pages = 0;
	return 0;
}
