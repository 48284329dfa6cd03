// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quarantined pages: kept together by address, so that memory that was freed in
 * pieces can be taken as a whole, and taken from where it fits best.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "lib/extent_list.h"
#include "memory/pages/pages.h"

/**
 * pcibuf_pages_quarantine() - put memory in order that goes into quarantine
 * @memory: unmapped memory of this backing
 *
 * Where there is no memory to sort the list, its pages can be used again one by one.
 */
void pcibuf_pages_quarantine(struct pcibuf_memory *memory)
{
	struct pcibuf_pages *pages = to_pages(memory);
	struct pcibuf_extent *extent;

	for (extent = pages->extents;
	     extent < pages->extents + pages->nr_extents; extent++) {
		extent->nr_pages = pcibuf_extent_whole(extent, extent->nr_pages);
		extent->reused = true;
		extent->dirty = true;
		cond_resched();
	}
	pages->nr_pages = memory->size >> PAGE_SHIFT;
	pages->sorted = pcibuf_extents_arrange(pages, true);
}

/* Move all of @from to @into, and free @from. False where there is no memory to do so. */
static bool absorb(struct pcibuf_pages *into, struct pcibuf_pages *from)
{
	struct pcibuf_pages out = { };

	lockdep_assert_held(&into->memory.pool->lock);
	if (!into->sorted || !from->sorted ||
	    !pcibuf_extents_reserve(&out, into->nr_extents + from->nr_extents))
		return false;
	pcibuf_extents_merge(out.extents, &out.nr_extents, into->extents,
			     into->nr_extents, from->extents, from->nr_extents);

	kvfree(into->extents);
	into->extents = out.extents;
	into->nr_extents = out.nr_extents;
	into->max_extents = out.max_extents;
	into->nr_pages += from->nr_pages;
	into->cursor = 0;
	into->memory.size += from->memory.size;
	kvfree(from->extents);
	kfree(from);
	return true;
}

static struct list_head *parked(struct pcibuf_pool *pool)
{
	lockdep_assert_held(&pool->lock);
	return &pool->quarantined[PCIBUF_BACKING_PAGES];
}

/* Take memory off the list that has absorbed @pages. */
static struct pcibuf_pages *absorber(struct pcibuf_pages *pages)
{
	struct pcibuf_memory *other;

	list_for_each_entry(other, parked(pages->memory.pool), quarantined) {
		struct pcibuf_pages *into = to_pages(other);

		if (pcibuf_extents_merge_pays(into->nr_extents,
					      pages->nr_extents) &&
		    absorb(into, pages)) {
			list_del(&other->quarantined);
			return into;
		}
	}
	return NULL;
}

/**
 * pcibuf_pages_park() - add memory to what is in quarantine
 * @memory: memory in order, see pcibuf_pages_quarantine(); may be freed
 *
 * Memory that was freed in pieces is joined, so that it can be used again as a whole. But
 * to copy all that is there each time would take as long as all frees before together:
 * lists of about one length are merged, so that there are few lists, and each extent is
 * copied a few times.
 *
 * The caller holds pool->lock.
 */
void pcibuf_pages_park(struct pcibuf_memory *memory)
{
	struct pcibuf_pages *pages = to_pages(memory), *into;
	struct list_head *list = parked(memory->pool);

	while ((into = absorber(pages)))
		pages = into;
	list_add(&pages->memory.quarantined, list);
}

/* Make one list of all that can be merged. Return whether anything was. */
static bool join_all(struct pcibuf_pool *pool)
{
	struct pcibuf_memory *first, *memory, *next;
	bool joined = false;

	if (list_empty(parked(pool)))
		return false;
	first = list_first_entry(parked(pool), struct pcibuf_memory, quarantined);
	memory = list_next_entry(first, quarantined);
	list_for_each_entry_safe_from(memory, next, parked(pool), quarantined) {
		if (!pcibuf_extents_can_merge(to_pages(first)->nr_extents,
					      to_pages(memory)->nr_extents))
			continue;
		list_del(&memory->quarantined);
		if (!absorb(to_pages(first), to_pages(memory))) {
			list_add(&memory->quarantined, &first->quarantined);
			break;
		}
		joined = true;
	}
	return joined;
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

/* Add pages that were cut off @from. Only @used base pages of @extent are used. */
static void move(struct pcibuf_pages *from, struct pcibuf_extent *extent,
		 unsigned long used, struct pcibuf_pages *into)
{
	shrink(from, extent->nr_pages);
	into->memory.size += (u64)(extent->nr_pages - used) << PAGE_SHIFT;
	extent->nr_pages = used;
	pcibuf_extents_add(into, extent);
}

/* Take @nr_pages, one page or base pages, of which only @used are used. */
static enum pcibuf_found take_page(struct pcibuf_pages *from,
				   unsigned int order, unsigned long nr_pages,
				   unsigned long used,
				   struct pcibuf_pages *into)
{
	struct pcibuf_extent extent;
	enum pcibuf_found found;

	found = pcibuf_extents_best(from->extents, from->nr_extents,
				    &from->cursor, order, nr_pages, usable);
	if (found != PCIBUF_FOUND)
		return found;
	pcibuf_extent_cut_end(&from->extents[from->cursor], nr_pages,
			      &extent, usable);
	move(from, &extent, used, into);
	return PCIBUF_FOUND;
}

static enum pcibuf_found take_any_page(struct pcibuf_alloc_state *state,
				       unsigned int order,
				       unsigned long nr_pages,
				       unsigned long used)
{
	enum pcibuf_found found, last = PCIBUF_FOUND_NONE;
	struct pcibuf_memory *memory;

	list_for_each_entry(memory, parked(state->ctx->pool), quarantined) {
		found = take_page(to_pages(memory), order, nr_pages, used,
				  state->pages);
		if (found == PCIBUF_FOUND)
			return found;
		if (found == PCIBUF_FOUND_BUSY)
			last = found;
	}
	return last;
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
	enum pcibuf_found found;

	if (!pcibuf_extents_reserve(state->pages, 1))
		return PCIBUF_NO_RECORDS;
	/* A page of an alignment is taken as a range. */
	if (order >= state->quarantined || state->align > 1)
		return PCIBUF_NONE;
	mutex_lock(&pool->lock);
	found = take_any_page(state, order, BIT(order), BIT(order));
	mutex_unlock(&pool->lock);
	/* Only smaller pages can be there from now on. */
	if (found == PCIBUF_FOUND_NONE)
		state->quarantined = order;
	return found == PCIBUF_FOUND ? PCIBUF_DONE : PCIBUF_NONE;
}

/**
 * pcibuf_quarantine_take_part() - take the end of a buffer out of quarantine, with more
 *	than is needed
 * @state: the allocation, which gets it
 * @nr_pages: base pages wanted
 *
 * The smallest page that will do is used in part. A huge page is mapped as a whole, and
 * so has to lie at a multiple of its size: before it there are huge pages only.
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NONE or %PCIBUF_NO_RECORDS.
 */
enum pcibuf_outcome pcibuf_quarantine_take_part(struct pcibuf_alloc_state *state,
						unsigned long nr_pages)
{
	struct pcibuf_pool *pool = state->ctx->pool;
	enum pcibuf_found found;
	unsigned int order;

	if (nr_pages >= PCIBUF_HUGE_PAGES ||
	    state->pages->nr_pages % PCIBUF_HUGE_PAGES)
		return PCIBUF_NONE;
	if (!pcibuf_extents_reserve(state->pages, 1))
		return PCIBUF_NO_RECORDS;
	mutex_lock(&pool->lock);
	found = take_any_page(state, 0, nr_pages, nr_pages);
	for (order = get_order(nr_pages << PAGE_SHIFT);
	     found != PCIBUF_FOUND && order <= PCIBUF_HUGE_ORDER; order++)
		found = take_any_page(state, order, BIT(order), nr_pages);
	mutex_unlock(&pool->lock);
	return found == PCIBUF_FOUND ? PCIBUF_DONE : PCIBUF_NONE;
}

/* With an alignment, the row begins at the front of its first extent. */
static bool take_row(struct pcibuf_alloc_state *state, struct pcibuf_pages *from,
		     unsigned int first, unsigned int nr,
		     unsigned long nr_pages)
{
	struct pcibuf_extent *row = &from->extents[first];
	unsigned int i;

	if (!pcibuf_extents_reserve(state->pages, nr))
		return false;
	for (i = 0; i < nr; i++) {
		unsigned long used = min(nr_pages, row[i].nr_pages);
		unsigned long whole = pcibuf_extent_whole(&row[i], used);
		struct pcibuf_extent part;

		if (nr == 1 && state->align == 1)
			pcibuf_extent_cut_end(row, whole, &part, usable);
		else
			pcibuf_extent_cut(&row[i], whole, &part);
		move(from, &part, used, state->pages);
		nr_pages -= used;
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
static unsigned int find_aligned(const struct pcibuf_alloc_state *state,
				 struct pcibuf_pages *from,
				 unsigned long nr_pages, bool cut,
				 unsigned int *first)
{
	bool together = state->ctx->contiguous ||
			state->align > PCIBUF_HUGE_PAGES;
	struct pcibuf_extent_row want = {
		.nr_pages = nr_pages,
		.align = state->align,
		.shift = state->shift,
		.max_extents = together ? UINT_MAX : 1,
		.cut = cut,
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

static bool take_range(struct pcibuf_alloc_state *state,
		       struct pcibuf_pages *from, unsigned long nr_pages,
		       bool cut)
{
	unsigned int first, nr;

	if (state->align > 1)
		nr = find_aligned(state, from, nr_pages, cut, &first);
	else
		nr = pcibuf_extents_row(from->extents, from->nr_extents,
					nr_pages, cut, &first, usable);
	return nr && take_row(state, from, first, nr, nr_pages);
}

static bool take_any_range(struct pcibuf_alloc_state *state,
			   unsigned long nr_pages, bool cut)
{
	struct pcibuf_memory *memory;

	list_for_each_entry(memory, parked(state->ctx->pool), quarantined)
		if (take_range(state, to_pages(memory), nr_pages, cut))
			return true;
	return false;
}

/**
 * pcibuf_quarantine_take_range() - take contiguous memory out of quarantine
 * @state: the allocation, which gets it
 * @nr_pages: base pages wanted
 * @cut: the last page may be used in part
 *
 * The memory is dirty, and nobody has pinned it.
 *
 * Return: %PCIBUF_DONE or %PCIBUF_NONE.
 */
enum pcibuf_outcome pcibuf_quarantine_take_range(struct pcibuf_alloc_state *state,
						 unsigned long nr_pages, bool cut)
{
	struct pcibuf_pool *pool = state->ctx->pool;
	bool found;

	mutex_lock(&pool->lock);
	found = take_any_range(state, nr_pages, cut) ||
		(join_all(pool) && take_any_range(state, nr_pages, cut));
	mutex_unlock(&pool->lock);
	return found ? PCIBUF_DONE : PCIBUF_NONE;
}
