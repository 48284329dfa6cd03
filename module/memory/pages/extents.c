// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs: the list of what page-backed memory consists of.
 *
 * It is collected in any order, then placed: each run gets its offset in the
 * buffer.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat.h"
#include "memory/pages/pages.h"

/* How long somebody may take to drop what is no longer mapped. */
#define HELD_WAIT_MS	1000

/**
 * pcibuf_extents_reserve() - make room for more
 * @pages: whose runs
 * @nr: how many are to be added
 *
 * Return: 0 or -ENOMEM.
 */
int pcibuf_extents_reserve(struct pcibuf_pages *pages, unsigned int nr)
{
	unsigned int max = max(pages->nr_extents + nr, pages->max_extents * 2);
	struct pcibuf_extent *extents;

	if (pages->nr_extents + nr <= pages->max_extents)
		return 0;
	extents = kvmalloc_array(max, sizeof(*extents), PCIBUF_GFP);
	if (!extents)
		return -ENOMEM;
	if (pages->nr_extents)
		memcpy(extents, pages->extents, pages->nr_extents * sizeof(*extents));
	kvfree(pages->extents);
	pages->extents = extents;
	pages->max_extents = max;
	return 0;
}

/**
 * pcibuf_extents_add() - add a run behind the others
 * @pages: has room for one, see pcibuf_extents_reserve()
 * @extent: added to the last one where it continues that
 */
void pcibuf_extents_add(struct pcibuf_pages *pages, const struct pcibuf_extent *extent)
{
	struct pcibuf_extent *last = &pages->extents[pages->nr_extents - 1];

	if (!extent->nr_pages)
		return;
	pages->nr_pages += extent->nr_pages;
	if (pages->nr_extents && pcibuf_extent_follows(last, extent))
		last->nr_pages += extent->nr_pages;
	else
		pages->extents[pages->nr_extents++] = *extent;
}

/**
 * pcibuf_extent_cut() - take pages off the front
 * @extent: what is left, perhaps nothing
 * @nr: pages, whole units
 * @out: a run of those, of the same kind
 */
void pcibuf_extent_cut(struct pcibuf_extent *extent, unsigned long nr,
		       struct pcibuf_extent *out)
{
	*out = *extent;
	out->nr_pages = nr;
	extent->pfn += nr;
	extent->nr_pages -= nr;
}

/* Large units first: each then lies at a multiple of its size. */
static int compare(const void *a, const void *b)
{
	const struct pcibuf_extent *left = a, *right = b;

	if (left->order != right->order)
		return left->order > right->order ? -1 : 1;
	return left->pfn < right->pfn ? -1 : left->pfn > right->pfn;
}

/* In the order that they have now, those that have become neighbours as one. */
static void join(struct pcibuf_pages *pages)
{
	unsigned int i, nr = pages->nr_extents;

	pages->nr_extents = 0;
	pages->nr_pages = 0;
	for (i = 0; i < nr; i++)
		pcibuf_extents_add(pages, &pages->extents[i]);
}

/* The node with more than half of it, if one has; @weight: by how much, so far. */
static void vote(struct pcibuf_pages *pages, struct pcibuf_extent *extent,
		 unsigned long *weight)
{
	int node = page_to_nid(pfn_to_page(extent->pfn));

	if (node == pages->node) {
		*weight += extent->nr_pages;
	} else if (*weight >= extent->nr_pages) {
		*weight -= extent->nr_pages;
	} else {
		*weight = extent->nr_pages - *weight;
		pages->node = node;
	}
}

/**
 * pcibuf_extents_place() - give each run its place in the buffer
 * @pages: complete
 * @contiguous: they follow each other as they are; else they are sorted, so that
 *	the card sees as few ranges as can be
 */
void pcibuf_extents_place(struct pcibuf_pages *pages, bool contiguous)
{
	unsigned long weight = 0;
	pgoff_t first = 0;
	unsigned int i;

	if (!contiguous) {
		sort(pages->extents, pages->nr_extents, sizeof(*pages->extents), compare,
		     NULL);
		join(pages);
	}
	for (i = 0; i < pages->nr_extents; i++) {
		struct pcibuf_extent *extent = &pages->extents[i];
		unsigned long at;

		vote(pages, extent, &weight);
		extent->first = first;
		for (at = 0; at < extent->nr_pages; at += 1UL << extent->order)
			pcibuf_page_set_index(pfn_to_page(extent->pfn + at),
					      first + at);
		first += extent->nr_pages;
	}
}

/*
 * For a debug build: unless somebody pinned the memory, every count is 1 when a
 * buffer lets go of it, and anything else is a leak. An exiting process drops
 * its references some time after it has taken its mapping down.
 */
static bool still_held(struct page *page)
{
	unsigned int waited;

	for (waited = 0; waited < HELD_WAIT_MS; waited += 20) {
		if (page_count(page) == 1)
			return false;
		msleep(20);
	}
	return true;
}

/* Is a page of it known to be broken? */
static bool is_broken(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		if (PageHWPoison(page + i))
			return true;
	return false;
}

/**
 * pcibuf_extent_put() - drop the buffer's reference to each unit
 * @extent: whoever still holds a page keeps that unit alive, nobody else
 *
 * One with a broken page keeps it: of a large block the memory manager would free that
 * page, too, and give it to the next who asks for a block.
 */
void pcibuf_extent_put(const struct pcibuf_extent *extent)
{
	bool held = false;
	unsigned long at;

	for (at = 0; at < extent->nr_pages; at += 1UL << extent->order) {
		struct page *page = pfn_to_page(extent->pfn + at);

		cond_resched();
		if (is_broken(page, extent->order))
			continue;
		if (IS_ENABLED(CONFIG_PCIBUF_DEBUG) && !held)
			held = still_held(page);
		put_page(page);
	}
	if (held)
		pr_warn("pcibuf: DEBUG: units of order %u are still held at release\n",
			extent->order);
}

/**
 * pcibuf_extents_put() - drop the references to all runs
 * @pages: empty then
 */
void pcibuf_extents_put(struct pcibuf_pages *pages)
{
	unsigned int i;

	for (i = 0; i < pages->nr_extents; i++)
		pcibuf_extent_put(&pages->extents[i]);
	pages->nr_extents = 0;
	pages->nr_pages = 0;
}

/**
 * pcibuf_extent_clear() - zero what came as it was
 * @state: the allocation that it is for
 * @extent: used by nobody
 *
 * Return: 0, or what pcibuf_ctx_interrupted() said.
 */
int pcibuf_extent_clear(struct pcibuf_alloc_state *state, const struct pcibuf_extent *extent)
{
	unsigned long at;
	int ret;

	for (at = 0; at < extent->nr_pages; at++) {
		if (at % PCIBUF_CHECK_EVERY == 0) {
			ret = pcibuf_ctx_interrupted(state->pool);
			if (ret)
				return ret;
		}
		clear_highpage(pfn_to_page(extent->pfn + at));
		cond_resched();
	}
	return 0;
}
