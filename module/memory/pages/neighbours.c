// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbours: a contiguous range of units that are free already.
 *
 * The page allocator has no blocks larger than 4 MiB, but large free areas
 * consist of many that lie side by side. So units are taken until enough of them
 * do, and the others go back.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "memory/pages/pages.h"
#include "lib/spans.h"

/*
 * Units that may be taken beyond what is needed: an eighth of it, and so many. To
 * hold more for a moment would cost others more than to claim a range.
 */
#define SURPLUS		32

/**
 * struct search - units that were taken
 * @state: the allocation
 * @pfns: where they begin
 * @nr: how many
 * @max: how many there may be
 */
struct search {
	struct pcibuf_alloc_state *state;
	unsigned long *pfns;
	size_t nr;
	size_t max;
};

/* Up to @target units, or -ENOMEM, -EINTR, -ENODEV. */
static int collect(struct search *search, size_t target)
{
	gfp_t gfp = PCIBUF_GFP | __GFP_COMP | __GFP_ZERO;
	struct pcibuf_alloc_state *state = search->state;

	while (search->nr < target) {
		struct page *page;
		int ret;

		ret = pcibuf_ctx_check(state->pool, state->ctx);
		if (ret)
			return ret;
		page = pcibuf_state_page(state, gfp, PCIBUF_HUGE_ORDER);
		if (!page) {
			state->ctx->limit =
				pcibuf_state_limit(state, PCIBUF_HUGE_ORDER);
			return -ENOMEM;
		}
		search->pfns[search->nr++] = page_to_pfn(page);
		state->ctx->held += PMD_SIZE;
		cond_resched();
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const unsigned long *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* Index of the first of @need neighbours, or an error. */
static ssize_t find(struct search *search, size_t need)
{
	size_t at, target = need;
	int ret;

	for (;;) {
		ret = collect(search, target);
		sort(search->pfns, search->nr, sizeof(*search->pfns), compare,
		     NULL);
		at = pcibuf_span_neighbours(search->pfns, search->nr,
					    PCIBUF_HUGE_PAGES, need);
		if (at < search->nr)
			return at;
		if (ret)
			return ret;
		if (search->nr == search->max)
			return -ENOMEM;
		target = min(search->max, search->nr + need / 16 + 8);
	}
}

/* All but those from @at to before @end. */
static void give_back(struct search *search, size_t at, size_t end)
{
	size_t i;

	for (i = 0; i < search->nr; i++)
		if (i < at || i >= end)
			__free_pages(pfn_to_page(search->pfns[i]),
				     PCIBUF_HUGE_ORDER);
	search->state->ctx->held = 0;
}

/* A unit of which only a part is needed is exchanged for so many single pages. */
static int trim(unsigned long pfn, unsigned long nr)
{
	struct page *page = pfn_to_page(pfn);

	__free_pages(page, PCIBUF_HUGE_ORDER);
	if (!pcibuf_block_retake(page, PCIBUF_GFP | __GFP_ZERO))
		return -ENOMEM;
	pcibuf_block_split(page, PCIBUF_HUGE_ORDER, nr);
	return 0;
}

static int take(struct search *search, unsigned long nr, unsigned long *pfn)
{
	size_t need = DIV_ROUND_UP(nr, PCIBUF_HUGE_PAGES);
	unsigned long tail = nr % PCIBUF_HUGE_PAGES;
	ssize_t at = find(search, need);

	if (at < 0) {
		give_back(search, 0, 0);
		return at;
	}
	*pfn = search->pfns[at];
	if (tail && trim(*pfn + nr - tail, tail)) {
		/* The last one is gone already. */
		give_back(search, at + need - 1, at + need);
		return -ENOMEM;
	}
	give_back(search, at, at + need);
	return 0;
}

static int locked_take(struct search *search, unsigned long nr,
		       unsigned long *pfn)
{
	int ret;

	ret = pcibuf_contig_lock(search->state);
	if (ret)
		return ret;
	ret = take(search, nr, pfn);
	pcibuf_contig_unlock();
	return ret;
}

static int add(struct pcibuf_alloc_state *state, unsigned long pfn,
	       unsigned long nr)
{
	unsigned long tail = nr % PCIBUF_HUGE_PAGES;
	struct pcibuf_extent extents[] = {
		{ .pfn = pfn, .nr_pages = nr - tail, .order = PCIBUF_HUGE_ORDER },
		{ .pfn = pfn + nr - tail, .nr_pages = tail },
	};
	int ret;

	ret = pcibuf_state_add(state, extents, ARRAY_SIZE(extents));
	if (ret) {
		pcibuf_extent_put(&extents[0]);
		pcibuf_extent_put(&extents[1]);
	}
	return ret;
}

/**
 * pcibuf_neighbours_get() - a range of neighbouring units, zeroed
 * @state: where to look, and what gets it
 * @nr: pages
 *
 * Return: 0; or -ENOMEM, -EDQUOT, -EINTR, -ENODEV, and nothing is left behind.
 */
int pcibuf_neighbours_get(struct pcibuf_alloc_state *state, unsigned long nr)
{
	struct search search = { .state = state };
	unsigned long pfn;
	int ret;

	if (nr <= PCIBUF_HUGE_PAGES)
		return -ENOMEM;
	search.max = nr / PCIBUF_HUGE_PAGES;
	search.max += search.max / 8 + SURPLUS;
	search.pfns = kvmalloc_array(search.max, sizeof(*search.pfns),
				     PCIBUF_GFP);
	if (!search.pfns)
		return -ENOMEM;
	ret = locked_take(&search, nr, &pfn);
	kvfree(search.pfns);
	return ret ?: add(state, pfn, nr);
}
