// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extents: the list of the pages that memory consists of.
 *
 * The list is collected in any order and then placed: each extent gets its offset in
 * the buffer. lib/extent_list.c has what needs no page.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "lib/extent_list.h"
#include "lib/extent_sort.h"
#include "memory/pages/pages.h"

/*
 * Base pages that are given back before pool->lock is dropped. Where the kernel zeroes
 * what is freed, 64 MiB take some 10 ms.
 */
#define RELEASE_PAGES	((unsigned long)SZ_64M >> PAGE_SHIFT)

/* Time that somebody may take to drop a page that is no longer mapped. */
#define HELD_WAIT_MS	1000

/**
 * pcibuf_extents_reserve() - make room for more extents
 * @pages: memory that gets them
 * @nr: how many are to be added
 *
 * Return: whether there is room.
 */
bool pcibuf_extents_reserve(struct pcibuf_pages *pages, unsigned int nr)
{
	unsigned int max = max(pages->nr_extents + nr, pages->max_extents * 2);
	struct pcibuf_extent *extents;

	if (pages->nr_extents + nr <= pages->max_extents)
		return true;
	extents = kvmalloc_array(max, sizeof(*extents), PCIBUF_GFP);
	if (!extents)
		return false;
	if (pages->nr_extents)
		memcpy(extents, pages->extents,
		       pages->nr_extents * sizeof(*extents));
	kvfree(pages->extents);
	pages->extents = extents;
	pages->max_extents = max;
	return true;
}

/**
 * pcibuf_extents_add() - add an extent behind the others
 * @pages: memory with room for one more, see pcibuf_extents_reserve()
 * @extent: extent to add
 */
void pcibuf_extents_add(struct pcibuf_pages *pages,
			const struct pcibuf_extent *extent)
{
	pages->nr_pages += extent->nr_pages;
	pages->nr_extents = pcibuf_extents_append(pages->extents,
						  pages->nr_extents, extent);
}

static enum pcibuf_outcome zero(const struct pcibuf_extent *extent,
				const struct pcibuf_alloc_ctx *ctx)
{
	enum pcibuf_outcome outcome = PCIBUF_DONE;
	unsigned long at;

	for (at = 0; at < extent->nr_pages; at++) {
		if (at % PCIBUF_CHECK_EVERY == 0)
			outcome = pcibuf_ctx_interrupted(ctx);
		if (outcome != PCIBUF_DONE)
			break;
		clear_highpage(pfn_to_page(extent->pfn + at));
		cond_resched();
	}
	return outcome;
}

/**
 * pcibuf_extents_zero() - zero all that is dirty
 * @pages: memory that nobody uses yet
 * @ctx: the allocation that it is for
 *
 * This is the one place where the driver zeroes pages. Pages that the page allocator
 * zeroed are not dirty.
 *
 * Return: %PCIBUF_DONE, or as pcibuf_ctx_interrupted().
 */
enum pcibuf_outcome pcibuf_extents_zero(struct pcibuf_pages *pages,
					const struct pcibuf_alloc_ctx *ctx)
{
	enum pcibuf_outcome outcome = PCIBUF_DONE;
	unsigned int i;

	for (i = 0; outcome == PCIBUF_DONE && i < pages->nr_extents; i++) {
		if (pages->extents[i].dirty)
			outcome = zero(&pages->extents[i], ctx);
		if (outcome == PCIBUF_DONE)
			pages->extents[i].dirty = false;
	}
	return outcome;
}

static void pause_sort(void)
{
	cond_resched();
}

/**
 * pcibuf_extents_arrange() - sort the list of extents
 * @pages: memory that nobody uses
 * @by_address: in the order of their addresses; else large pages first, so that each lies
 *	at a multiple of its size
 *
 * May sleep. The caller holds no lock that others wait for.
 *
 * Return: false where there is no memory to sort a list that is not sorted yet.
 */
bool pcibuf_extents_arrange(struct pcibuf_pages *pages, bool by_address)
{
	pcibuf_before_fn *before = by_address ? pcibuf_before_by_address :
						pcibuf_before_by_order;
	struct pcibuf_extent *spare, *sorted;

	if (pcibuf_extents_sorted(pages->extents, pages->nr_extents, before,
				  pause_sort))
		return true;
	spare = kvmalloc_array(pages->nr_extents, sizeof(*spare), PCIBUF_GFP);
	if (!spare)
		return false;
	sorted = pcibuf_extents_sort(pages->extents, spare, pages->nr_extents,
				     before, pause_sort);
	if (sorted == spare) {
		kvfree(pages->extents);
		pages->extents = spare;
		pages->max_extents = pages->nr_extents;
	} else {
		kvfree(spare);
	}
	return true;
}

/* Keeps the order, and joins extents that have become neighbours. */
static void join(struct pcibuf_pages *pages)
{
	unsigned int i, nr = pages->nr_extents;

	pages->nr_extents = 0;
	pages->nr_pages = 0;
	for (i = 0; i < nr; i++) {
		pcibuf_extents_add(pages, &pages->extents[i]);
		cond_resched();
	}
}

/*
 * Find the node that has more than half of the memory, if one has. @weight: by how
 * much, so far.
 */
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

static void place(struct pcibuf_extent *extent, pgoff_t first)
{
	unsigned long at;

	extent->first = first;
	for (at = 0; at < extent->nr_pages; at += 1UL << extent->order) {
		pcibuf_page_set_index(pfn_to_page(extent->pfn + at),
				      first + at);
		cond_resched();
	}
}

/**
 * pcibuf_extents_place() - give each extent its place in the buffer
 * @pages: complete memory
 * @contiguous: the extents follow each other as they are; else they are sorted, so
 *	that the card sees as few segments as possible
 *
 * Return: %PCIBUF_DONE, or %PCIBUF_NO_RECORDS where there is no memory to sort them.
 */
enum pcibuf_outcome pcibuf_extents_place(struct pcibuf_pages *pages,
					 bool contiguous)
{
	unsigned long weight = 0;
	pgoff_t first = 0;
	unsigned int i;

	if (!contiguous) {
		if (!pcibuf_extents_arrange(pages, false))
			return PCIBUF_NO_RECORDS;
		join(pages);
	}
	for (i = 0; i < pages->nr_extents; i++) {
		vote(pages, &pages->extents[i], &weight);
		place(&pages->extents[i], first);
		first += pages->extents[i].nr_pages;
	}
	return PCIBUF_DONE;
}

/*
 * For the test build: unless somebody pinned the memory, every count is 1 when a
 * buffer lets go of it, and anything else is a leak. An exiting process drops its
 * references some time after it has taken its mapping down.
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

/**
 * pcibuf_extent_put() - drop the driver's reference to each page
 * @extent: extent that no user has seen
 */
void pcibuf_extent_put(const struct pcibuf_extent *extent)
{
	unsigned long at;

	for (at = 0; at < extent->nr_pages; at += 1UL << extent->order) {
		pcibuf_page_put(pfn_to_page(extent->pfn + at), extent->order);
		cond_resched();
	}
}

/**
 * pcibuf_extents_put() - drop the references to all pages
 * @pages: memory that no user has seen; its list is empty then
 */
void pcibuf_extents_put(struct pcibuf_pages *pages)
{
	unsigned int i;

	for (i = 0; i < pages->nr_extents; i++)
		pcibuf_extent_put(&pages->extents[i]);
	pages->nr_extents = 0;
	pages->nr_pages = 0;
}

static u64 give_back(struct pcibuf_lingering *lingering,
		     const struct pcibuf_extent *extent)
{
	bool held = false;
	unsigned long at;
	u64 bytes = 0;

	for (at = 0; at < extent->nr_pages; at += 1UL << extent->order) {
		struct page *page = pfn_to_page(extent->pfn + at);

		if (IS_ENABLED(CONFIG_PCIBUF_TEST) && !held &&
		    !pcibuf_page_is_broken(page, extent->order))
			held = still_held(page);
		bytes += pcibuf_page_release(lingering, page, extent->order);
		cond_resched();
	}
	if (held)
		pr_warn("pcibuf: TEST: pages of order %u are still held at release\n",
			extent->order);
	return bytes;
}

/**
 * pcibuf_extents_release() - give back a part of the memory of a buffer
 * @pages: memory; what is given back is cut off its end
 * @held: out: bytes of that part that stay charged, because somebody holds them
 *
 * A page of which the buffer used only a part counts as a whole.
 *
 * Whoever still holds a page keeps that page alive, and no other.
 *
 * Takes linger_lock.
 *
 * Return: size of the part in bytes, 0 where nothing was left.
 */
u64 pcibuf_extents_release(struct pcibuf_pages *pages, u64 *held)
{
	unsigned long nr, done = 0;

	*held = 0;
	while (pages->nr_extents) {
		struct pcibuf_extent *last = &pages->extents[pages->nr_extents - 1];
		struct pcibuf_extent part = *last;

		/* Extents that are empty go with the part: else nobody asks again. */
		if (done >= RELEASE_PAGES && last->nr_pages)
			break;
		last->nr_pages = pcibuf_extent_whole(last, last->nr_pages);
		nr = min(last->nr_pages, round_up(RELEASE_PAGES - done,
						  1UL << last->order));
		last->nr_pages -= nr;
		part.pfn += last->nr_pages;
		part.nr_pages = nr;
		if (!last->nr_pages)
			pages->nr_extents--;
		*held += give_back(&pages->memory.pool->lingering, &part);
		done += nr;
	}
	return (u64)done << PAGE_SHIFT;
}
