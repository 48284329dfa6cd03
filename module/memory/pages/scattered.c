// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scattered memory: pages from anywhere that the card reaches.
 *
 * Pages in quarantine come first, then the page allocator. lib/ladder.c says what is
 * tried next.
 */
#include <linux/gfp.h>
#include <linux/mm.h>

#include "lib/extent_list.h"
#include "lib/ladder.h"
#include "memory/pages/pages.h"

/* How often one buffer may move others out of its way. */
#define MAX_PIECES	64

/*
 * Base pages in small pages after which huge pages are tried again. To get 32 MiB in
 * single pages takes longer than to be refused one page of each order.
 */
#define CLIMB_AFTER	(SZ_32M >> PAGE_SHIFT)

/**
 * pcibuf_page_get() - get one page
 * @state: the allocation, which gets it
 * @order: order of the page, at most %PCIBUF_HUGE_ORDER. From quarantine it may come
 *	as that many base pages
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NONE, %PCIBUF_NO_RECORDS, %PCIBUF_OVER_CARD or
 * %PCIBUF_OVER_TOTAL.
 */
enum pcibuf_outcome pcibuf_page_get(struct pcibuf_alloc_state *state,
				    unsigned int order)
{
	struct pcibuf_extent extent = {
		.nr_pages = BIT(order),
		.order = order,
	};
	enum pcibuf_outcome outcome;
	struct page *page;

	outcome = pcibuf_quarantine_take(state, order);
	if (outcome != PCIBUF_NONE)
		return outcome;
	page = pcibuf_state_page(state, PCIBUF_GFP | __GFP_COMP | __GFP_ZERO,
				 order);
	if (!page)
		return PCIBUF_NONE;
	extent.pfn = page_to_pfn(page);
	outcome = pcibuf_state_add(state, &extent, 1);
	if (outcome != PCIBUF_DONE)
		__free_pages(page, order);
	return outcome;
}

/* A full cgroup has nothing of a piece, which is not charged to it page by page. */
static enum pcibuf_outcome get_piece(struct pcibuf_alloc_state *state,
				     const struct pcibuf_ladder *ladder)
{
	unsigned long nr = pcibuf_ladder_nr(ladder);
	enum pcibuf_outcome outcome;

	if (pcibuf_state_none(state, ladder->order) == PCIBUF_NO_CGROUP)
		return PCIBUF_NO_CGROUP;
	outcome = pcibuf_ctx_charge(state->ctx, (u64)nr << PAGE_SHIFT);
	return outcome == PCIBUF_DONE ? pcibuf_contig_get(state, nr) : outcome;
}

static enum pcibuf_outcome try_rung(struct pcibuf_alloc_state *state,
				    const struct pcibuf_ladder *ladder)
{
	switch (ladder->rung) {
	case PCIBUF_RUNG_PIECE:
		return get_piece(state, ladder);
	case PCIBUF_RUNG_LOW:
		pcibuf_state_ask_low(state);
		fallthrough;
	default:
		return pcibuf_page_get(state, ladder->order);
	}
}

/* Is there something else to try after this outcome? */
static bool climb(struct pcibuf_ladder *ladder, enum pcibuf_outcome outcome)
{
	switch (outcome) {
	case PCIBUF_NONE:
		pcibuf_ladder_failed(ladder);
		break;
	case PCIBUF_NO_CGROUP:
	case PCIBUF_NO_RESERVE:
	case PCIBUF_NO_CPU:
		pcibuf_ladder_no_pieces(ladder);
		break;
	case PCIBUF_OVER_CARD:
	case PCIBUF_OVER_TOTAL:
		pcibuf_ladder_over_quota(ladder);
		break;
	default:
		return false;
	}
	return ladder->rung != PCIBUF_RUNG_END;
}

static enum pcibuf_outcome fill_some(struct pcibuf_alloc_state *state,
				     struct pcibuf_ladder *ladder,
				     unsigned long left)
{
	enum pcibuf_outcome outcome;

	pcibuf_ladder_begin(ladder, left);
	do {
		outcome = try_rung(state, ladder);
	} while (climb(ladder, outcome));
	if (outcome == PCIBUF_DONE)
		pcibuf_ladder_took(ladder);
	return outcome;
}

/* Is new memory for the end of the buffer, @left base pages, over a quota? */
static bool end_is_over(struct pcibuf_alloc_state *state, unsigned long left)
{
	return left < PCIBUF_HUGE_PAGES &&
	       pcibuf_ctx_charge(state->ctx, (u64)left << PAGE_SHIFT) !=
		       PCIBUF_DONE;
}

/* Where new memory is refused, a part of a page in quarantine will do for the end. */
static enum pcibuf_outcome fill_more(struct pcibuf_alloc_state *state,
				     struct pcibuf_ladder *ladder,
				     unsigned long left)
{
	enum pcibuf_outcome outcome;

	if (end_is_over(state, left) &&
	    pcibuf_quarantine_take_part(state, left) == PCIBUF_DONE)
		return PCIBUF_DONE;
	outcome = fill_some(state, ladder, left);
	if (pcibuf_refused(outcome) &&
	    pcibuf_quarantine_take_part(state, left) == PCIBUF_DONE)
		return PCIBUF_DONE;
	return outcome;
}

static enum pcibuf_outcome fill(struct pcibuf_alloc_state *state,
				struct pcibuf_ladder *ladder)
{
	unsigned long nr = state->ctx->size >> PAGE_SHIFT;
	struct pcibuf_pages *pages = state->pages;
	enum pcibuf_outcome outcome = PCIBUF_DONE;
	unsigned long check = 0;

	while (outcome == PCIBUF_DONE && pages->nr_pages < nr) {
		if (pages->nr_pages >= check) {
			outcome = pcibuf_ctx_check(state->ctx, 0);
			check = pages->nr_pages + PCIBUF_CHECK_EVERY;
		}
		if (outcome == PCIBUF_DONE)
			outcome = fill_more(state, ladder, nr - pages->nr_pages);
	}
	return outcome;
}

/**
 * pcibuf_scattered_get() - get all of an allocation, wherever it lies
 * @state: the allocation, which gets it
 *
 * Return: %PCIBUF_DONE or what it ran into, but not %PCIBUF_NONE.
 */
enum pcibuf_outcome pcibuf_scattered_get(struct pcibuf_alloc_state *state)
{
	struct pcibuf_ladder ladder = {
		.order = PCIBUF_HUGE_ORDER,
		.top = PCIBUF_HUGE_ORDER,
		.wait = CLIMB_AFTER,
		.piece = state->narrow ? ULONG_MAX : 0,
		.pieces = MAX_PIECES,
		.step = PCIBUF_HUGE_PAGES,
		.low = pcibuf_state_keeps_low(state),
	};
	enum pcibuf_outcome outcome = fill(state, &ladder);

	return outcome == PCIBUF_NONE ? pcibuf_state_limit(state) : outcome;
}
