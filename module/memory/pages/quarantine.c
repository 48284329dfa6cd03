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
	unsigned int i;

	for (i = 0; i < pages->nr_extents; i++) {
		pages->extents[i].reused = true;
		pages->extents[i].dirty = true;
		cond_resched();
	}
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
	if (order >= state->quarantined)
		return PCIBUF_NONE;
	mutex_lock(&pool->lock);
	list_for_each_entry(memory, parked(pool), quarantined) {
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

static bool take_range(struct pcibuf_pages *from, unsigned long nr_pages,
		       struct pcibuf_pages *into)
{
	unsigned int first, nr;

	nr = pcibuf_extents_row(from->extents, from->nr_extents, nr_pages,
				&first, usable);
	return nr && take_row(from, &from->extents[first], nr, nr_pages, into);
}

static bool take_any_range(struct pcibuf_alloc_state *state,
			   unsigned long nr_pages)
{
	struct pcibuf_memory *memory;

	list_for_each_entry(memory, parked(state->ctx->pool), quarantined)
		if (take_range(to_pages(memory), nr_pages, state->pages))
			return true;
	return false;
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
	bool found;

	mutex_lock(&pool->lock);
	found = take_any_range(state, nr_pages) ||
		(join_all(pool) && take_any_range(state, nr_pages));
	mutex_unlock(&pool->lock);
	return found ? PCIBUF_DONE : PCIBUF_NONE;
}
