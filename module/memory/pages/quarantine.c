// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quarantined pages: kept together by address, so that memory that was freed in
 * pieces can be taken as a whole, and taken from where it fits best.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "lib/extent_list.h"
#include "memory/pages/pages.h"

static int compare(const void *a, const void *b)
{
	const struct pcibuf_extent *left = a, *right = b;

	return left->pfn < right->pfn ? -1 : left->pfn > right->pfn;
}

/**
 * pcibuf_pages_quarantine() - put memory in order that goes into quarantine
 * @memory: unmapped memory of this backing
 */
void pcibuf_pages_quarantine(struct pcibuf_memory *memory)
{
	struct pcibuf_pages *pages = to_pages(memory);
	unsigned int i;

	sort(pages->extents, pages->nr_extents, sizeof(*pages->extents),
	     compare, NULL);
	for (i = 0; i < pages->nr_extents; i++) {
		pages->extents[i].reused = true;
		pages->extents[i].dirty = true;
	}
}

/**
 * pcibuf_pages_absorb() - join memory with what is in quarantine
 * @into: memory in quarantine
 * @memory: memory in order, see pcibuf_pages_quarantine(); freed on success
 *
 * The caller holds pool->lock.
 *
 * Return: false where there is no memory for the list; nothing has changed then.
 */
bool pcibuf_pages_absorb(struct pcibuf_memory *into,
			 struct pcibuf_memory *memory)
{
	struct pcibuf_pages *a = to_pages(into), *b = to_pages(memory);
	struct pcibuf_pages out = { };

	lockdep_assert_held(&into->pool->lock);
	if (!pcibuf_extents_reserve(&out, a->nr_extents + b->nr_extents))
		return false;
	pcibuf_extents_merge(out.extents, &out.nr_extents, a->extents,
			     a->nr_extents, b->extents, b->nr_extents);

	kvfree(a->extents);
	a->extents = out.extents;
	a->nr_extents = out.nr_extents;
	a->max_extents = out.max_extents;
	a->nr_pages += b->nr_pages;
	a->cursor = 0;
	into->size += memory->size;
	kvfree(b->extents);
	kfree(b);
	return true;
}

/*
 * A pin of a freed buffer must not become a pin of the next buffer, and a page with a
 * hardware error must not become a part of it.
 */
static bool usable(unsigned long pfn, unsigned long nr_pages,
		   unsigned int order)
{
	unsigned long i;

	for (i = 0; i < nr_pages; i++) {
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

static void shrink(struct pcibuf_pages *pages, unsigned long nr_pages)
{
	u64 bytes = (u64)nr_pages << PAGE_SHIFT;

	lockdep_assert_held(&pages->memory.pool->lock);
	pages->nr_pages -= nr_pages;
	pages->memory.size -= bytes;
	pages->memory.pool->quarantined_bytes -= bytes;
}

static enum pcibuf_found take_page(struct pcibuf_pages *from,
				   unsigned int order,
				   struct pcibuf_pages *into)
{
	struct pcibuf_extent extent;
	enum pcibuf_found found;

	found = pcibuf_extents_best(from->extents, from->nr_extents,
				    &from->cursor, order, BIT(order), usable);
	if (found != PCIBUF_FOUND)
		return found;
	pcibuf_extent_cut_end(&from->extents[from->cursor], BIT(order),
			      &extent, usable);
	pcibuf_extents_add(into, &extent);
	shrink(from, BIT(order));
	return PCIBUF_FOUND;
}

/**
 * pcibuf_quarantine_take() - take one page out of quarantine
 * @state: the allocation, which gets it
 * @order: order of the page; or as many base pages
 *
 * The page is dirty, and nobody has pinned it.
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NONE or %PCIBUF_NO_RECORDS.
 */
enum pcibuf_outcome pcibuf_quarantine_take(struct pcibuf_alloc_state *state,
					   unsigned int order)
{
	struct pcibuf_pool *pool = state->ctx->pool;
	enum pcibuf_found found = PCIBUF_FOUND_NONE;
	struct pcibuf_memory *memory;

	if (!pcibuf_extents_reserve(state->pages, 1))
		return PCIBUF_NO_RECORDS;
	/* A page of an alignment is taken as a range. */
	if (order >= state->quarantined || state->align > 1)
		return PCIBUF_NONE;
	mutex_lock(&pool->lock);
	list_for_each_entry(memory, &pool->quarantined, quarantined) {
		if (memory->ops->backing != PCIBUF_BACKING_PAGES)
			continue;
		found = take_page(to_pages(memory), order, state->pages);
		if (found == PCIBUF_FOUND)
			break;
	}
	mutex_unlock(&pool->lock);
	/* Only smaller pages can be there from now on. */
	if (found == PCIBUF_FOUND_NONE)
		state->quarantined = order;
	return found == PCIBUF_FOUND ? PCIBUF_DONE : PCIBUF_NONE;
}

static bool take_row(struct pcibuf_pages *from, struct pcibuf_extent *row,
		     unsigned int nr, unsigned long nr_pages,
		     struct pcibuf_pages *into)
{
	unsigned int i;

	if (!pcibuf_extents_reserve(into, nr))
		return false;
	shrink(from, nr_pages);
	for (i = 0; i < nr; i++) {
		struct pcibuf_extent part;

		if (nr == 1)
			pcibuf_extent_cut_end(row, nr_pages, &part, usable);
		else
			pcibuf_extent_cut(&row[i],
					  min(nr_pages, row[i].nr_pages),
					  &part);
		nr_pages -= part.nr_pages;
		pcibuf_extents_add(into, &part);
	}
	return true;
}

/* Make an extent of its own of what comes behind the first @nr_pages. */
static bool split_extent(struct pcibuf_pages *from, unsigned int at,
			 unsigned long nr_pages)
{
	struct pcibuf_extent *extent;

	if (!pcibuf_extents_reserve(from, 1))
		return false;
	extent = &from->extents[at];
	memmove(extent + 1, extent, (from->nr_extents - at) * sizeof(*extent));
	pcibuf_extent_cut(extent + 1, nr_pages, extent);
	from->nr_extents++;
	return true;
}

/*
 * Extents of several orders stay together in one range of a buffer. In pieces of up to
 * a huge page they would be sorted by order, so there a piece has one order.
 */
static unsigned int find_aligned(struct pcibuf_pages *from,
				 const struct pcibuf_alloc_state *state,
				 unsigned long nr_pages, unsigned int *first)
{
	bool together = state->ctx->contiguous ||
			state->align > PCIBUF_HUGE_PAGES;
	struct pcibuf_extent_row want = {
		.nr_pages = nr_pages,
		.align = state->align,
		.shift = state->shift,
		.max_extents = together ? UINT_MAX : 1,
	};
	unsigned long skip;
	unsigned int nr;

	nr = pcibuf_extents_aligned_row(from->extents, from->nr_extents, &want,
					first, usable);
	if (nr)
		return nr;
	*first = pcibuf_extents_aligned_part(from->extents, from->nr_extents,
					     &want, &skip, usable);
	if (*first == from->nr_extents || !split_extent(from, *first, skip))
		return 0;
	++*first;
	return 1;
}

static bool take_range(struct pcibuf_pages *from,
		       const struct pcibuf_alloc_state *state,
		       unsigned long nr_pages)
{
	unsigned int first, nr;

	if (state->align > 1)
		nr = find_aligned(from, state, nr_pages, &first);
	else
		nr = pcibuf_extents_row(from->extents, from->nr_extents,
					nr_pages, &first, usable);
	return nr && take_row(from, &from->extents[first], nr, nr_pages,
			      state->pages);
}

/**
 * pcibuf_quarantine_take_range() - take contiguous memory out of quarantine
 * @state: the allocation, which gets it
 * @nr_pages: base pages wanted
 *
 * The memory is dirty, and nobody has pinned it.
 *
 * Return: %PCIBUF_DONE or %PCIBUF_NONE.
 */
enum pcibuf_outcome pcibuf_quarantine_take_range(struct pcibuf_alloc_state *state,
						 unsigned long nr_pages)
{
	struct pcibuf_pool *pool = state->ctx->pool;
	enum pcibuf_outcome outcome = PCIBUF_NONE;
	struct pcibuf_memory *memory;

	mutex_lock(&pool->lock);
	list_for_each_entry(memory, &pool->quarantined, quarantined) {
		if (memory->ops->backing != PCIBUF_BACKING_PAGES ||
		    !take_range(to_pages(memory), state, nr_pages))
			continue;
		outcome = PCIBUF_DONE;
		break;
	}
	mutex_unlock(&pool->lock);
	return outcome;
}
