// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parked pages: kept together by address, so that what was freed in pieces can
 * be taken as a whole, and taken from where it fits best.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "memory/pages/pages.h"

/*
 * How many runs are looked at page by page for one that can be used, what is left
 * out being charged anew; and how many for a better one than was found.
 */
#define MAX_LOOKS	1024

static int compare(const void *a, const void *b)
{
	const struct pcibuf_extent *left = a, *right = b;

	return left->pfn < right->pfn ? -1 : left->pfn > right->pfn;
}

/**
 * pcibuf_pages_quarantine() - put in order what is to be parked
 * @memory: unmapped
 */
void pcibuf_pages_quarantine(struct pcibuf_memory *memory)
{
	struct pcibuf_pages *pages = to_pages(memory);
	unsigned int i;

	sort(pages->extents, pages->nr_extents, sizeof(*pages->extents), compare, NULL);
	for (i = 0; i < pages->nr_extents; i++)
		pages->extents[i].reused = true;
}

static void merge(struct pcibuf_pages *out, struct pcibuf_pages *a,
		  struct pcibuf_pages *b)
{
	unsigned int i = 0, j = 0;

	while (i < a->nr_extents || j < b->nr_extents) {
		bool left = j == b->nr_extents ||
			    (i < a->nr_extents &&
			     a->extents[i].pfn < b->extents[j].pfn);

		pcibuf_extents_add(out, left ? &a->extents[i++] : &b->extents[j++]);
	}
}

/**
 * pcibuf_pages_absorb() - add what is to be parked to what is parked
 * @into: parked
 * @memory: in order; freed on success
 *
 * Return: false where there is no memory to do it; nothing has changed then.
 */
bool pcibuf_pages_absorb(struct pcibuf_memory *into,
			 struct pcibuf_memory *memory)
{
	struct pcibuf_pages *a = to_pages(into), *b = to_pages(memory);
	struct pcibuf_pages out = { };

	lockdep_assert_held(&into->pool->lock);
	if (pcibuf_extents_reserve(&out, a->nr_extents + b->nr_extents))
		return false;
	merge(&out, a, b);

	kvfree(a->extents);
	a->extents = out.extents;
	a->nr_extents = out.nr_extents;
	a->max_extents = out.max_extents;
	a->nr_pages = out.nr_pages;
	a->cursor = 0;
	into->size += memory->size;
	kvfree(b->extents);
	kfree(b);
	return true;
}

/*
 * Somebody's pin of a freed buffer must not become a pin of the next one, nor a
 * page with a hardware error a part of it.
 */
static bool usable(unsigned long pfn, unsigned long nr, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_page(pfn + i);

		if (PageHWPoison(page))
			return false;
		if (i % BIT(order) == 0 && page_count(page) != 1)
			return false;
		if (i % PCIBUF_HUGE_PAGES == 0)
			cond_resched();
	}
	return true;
}

/*
 * One whole unit of the right order, or any number of single pages. Never a part
 * of a compound page, which is mapped and released as a whole.
 */
static bool fits(struct pcibuf_extent *extent, unsigned int order, unsigned long nr)
{
	return extent->nr_pages >= nr &&
	       (!extent->order || (extent->order == order && nr == BIT(order)));
}

/* A unit of the very order, else the shortest that fits. */
static bool better(struct pcibuf_extent *extent, struct pcibuf_extent *found)
{
	return !found || extent->order > found->order ||
	       (extent->order == found->order && extent->nr_pages < found->nr_pages);
}

/* At one of its ends, so that the rest stays one run. */
static bool usable_end(struct pcibuf_extent *extent, unsigned long nr)
{
	return usable(extent->pfn, nr, extent->order) ||
	       usable(extent->pfn + extent->nr_pages - nr, nr, extent->order);
}

/*
 * The best that fits, from where the last one was found on; or an ERR_PTR:
 * -ENOENT where none fits, -EBUSY where those that do are in use.
 */
static struct pcibuf_extent *best(struct pcibuf_pages *pages, unsigned int order,
				  unsigned long nr)
{
	struct pcibuf_extent *found = NULL;
	unsigned int i, looks = 0;

	for (i = 0; i < pages->nr_extents && looks < MAX_LOOKS; i++) {
		unsigned int at = (pages->cursor + i) % pages->nr_extents;
		struct pcibuf_extent *extent = &pages->extents[at];

		looks += !!found;
		if (!fits(extent, order, nr) || !better(extent, found))
			continue;
		looks += !found;
		if (!usable_end(extent, nr))
			continue;
		found = extent;
		if (extent->order == order && (order || extent->nr_pages == nr))
			break;
	}
	if (!found)
		return ERR_PTR(looks ? -EBUSY : -ENOENT);
	pages->cursor = found - pages->extents;
	return found;
}

static void shrink(struct pcibuf_pool *pool, struct pcibuf_memory *memory,
		   unsigned long nr)
{
	lockdep_assert_held(&pool->lock);
	to_pages(memory)->nr_pages -= nr;
	memory->size -= nr << PAGE_SHIFT;
	pool->quarantined_bytes -= nr << PAGE_SHIFT;
}

/*
 * Off the front, so that what is taken one after the other lies so too; off the
 * back where the front is in use.
 */
static void cut_end(struct pcibuf_extent *extent, unsigned long nr,
		    struct pcibuf_extent *out)
{
	unsigned long rest = extent->nr_pages - nr;
	bool front = usable(extent->pfn, nr, extent->order);

	pcibuf_extent_cut(extent, nr, out);
	if (front)
		return;
	out->pfn += rest;
	extent->pfn -= nr;
}

static int take_unit(struct pcibuf_pool *pool, struct pcibuf_memory *memory,
		     unsigned int order, struct pcibuf_extent *extent)
{
	struct pcibuf_extent *found = best(to_pages(memory), order, BIT(order));

	if (IS_ERR(found))
		return PTR_ERR(found);
	cut_end(found, BIT(order), extent);
	shrink(pool, memory, BIT(order));
	return 0;
}

/**
 * pcibuf_quarantine_take() - take one unit out of the pool
 * @pool: of the card
 * @order: of the unit; or as many single pages
 * @extent: filled but for its offset; not zeroed, and pinned by nobody
 *
 * Return: 0, -ENOENT where there is none, -EBUSY where all are in use.
 */
int pcibuf_quarantine_take(struct pcibuf_pool *pool, unsigned int order,
			   struct pcibuf_extent *extent)
{
	struct pcibuf_memory *memory;
	int ret = -ENOENT;

	mutex_lock(&pool->lock);
	list_for_each_entry(memory, &pool->quarantined, quarantined) {
		if (memory->ops->backing != PCIBUF_BACKING_PAGES)
			continue;
		ret = take_unit(pool, memory, order, extent);
		if (!ret)
			break;
	}
	mutex_unlock(&pool->lock);
	return ret;
}

/*
 * How many runs from this one on make up @nr pages in a row, in whole units that
 * would lie at multiples of their size; 0 if they do not.
 */
static unsigned int row(struct pcibuf_pages *pages, unsigned int first,
			unsigned long nr)
{
	unsigned long start = pages->extents[first].pfn, next = start;
	unsigned int i;

	for (i = first; i < pages->nr_extents; i++) {
		struct pcibuf_extent *extent = &pages->extents[i];
		unsigned long part = min(nr, extent->nr_pages);

		if (extent->pfn != next || (start | part) % BIT(extent->order))
			return 0;
		next += part;
		nr -= part;
		if (!nr)
			return i - first + 1;
	}
	return 0;
}

/*
 * Index of the first run of a row that cannot be used, -1 where all can be: of the
 * last one as much as is wanted, and of one alone either end will do.
 */
static int unusable(struct pcibuf_pages *pages, unsigned int first,
		    unsigned int nr_extents, unsigned long nr)
{
	unsigned int i;

	if (nr_extents == 1)
		return usable_end(&pages->extents[first], nr) ? -1 : first;
	for (i = first; i < first + nr_extents; i++) {
		struct pcibuf_extent *extent = &pages->extents[i];
		unsigned long part = min(nr, extent->nr_pages);

		if (!usable(extent->pfn, part, extent->order))
			return i;
		nr -= part;
	}
	return -1;
}

static int take_row(struct pcibuf_pages *from, unsigned int first,
		    unsigned int nr_extents, unsigned long nr,
		    struct pcibuf_pages *into)
{
	unsigned int i;

	if (pcibuf_extents_reserve(into, nr_extents))
		return -ENOMEM;
	for (i = first; i < first + nr_extents; i++) {
		struct pcibuf_extent *extent = &from->extents[i], part;

		if (nr_extents == 1)
			cut_end(extent, nr, &part);
		else
			pcibuf_extent_cut(extent, min(nr, extent->nr_pages), &part);
		nr -= part.nr_pages;
		pcibuf_extents_add(into, &part);
	}
	return 0;
}

/* Behind a run that is in use a new row begins. */
static int take_range(struct pcibuf_pages *from, unsigned long nr,
		      struct pcibuf_pages *into)
{
	unsigned int first = 0;

	while (first < from->nr_extents) {
		unsigned int nr_extents = row(from, first, nr);
		int bad = nr_extents ? unusable(from, first, nr_extents, nr) : first;

		if (bad < 0)
			return take_row(from, first, nr_extents, nr, into);
		first = bad + 1;
	}
	return -ENOMEM;
}

/**
 * pcibuf_quarantine_take_range() - take contiguous memory out of the pool
 * @pool: of the card
 * @nr: pages wanted
 * @into: gets them, not zeroed, and pinned by nobody
 *
 * Return: 0, or -ENOMEM where there is no such.
 */
int pcibuf_quarantine_take_range(struct pcibuf_pool *pool, unsigned long nr,
				 struct pcibuf_pages *into)
{
	struct pcibuf_memory *memory;
	int ret = -ENOMEM;

	mutex_lock(&pool->lock);
	list_for_each_entry(memory, &pool->quarantined, quarantined) {
		if (memory->ops->backing != PCIBUF_BACKING_PAGES)
			continue;
		ret = take_range(to_pages(memory), nr, into);
		if (ret)
			continue;
		shrink(pool, memory, nr);
		break;
	}
	mutex_unlock(&pool->lock);
	return ret;
}
