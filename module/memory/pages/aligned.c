// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aligned memory: segments whose bus addresses and lengths are multiples of an alignment,
 * for alloc_sg where no IOMMU translates. Only the last segment may have another length.
 *
 * The body is as much of the buffer as is a multiple of the alignment. Memory in
 * quarantine comes first. Then come pages of an order that the alignment allows, from the
 * largest order down, and then contiguous pieces, which others are moved out of. The
 * tail, which is shorter than the alignment, comes last and stays the last.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "lib/extent_list.h"
#include "memory/pages/pages.h"

/* How often one buffer may move others out of its way, as in scattered.c. */
#define MAX_PIECES	64

/*
 * How much is taken out of quarantine by itself: each time the list is searched from its
 * beginning. What is left out is charged as new memory.
 */
#define MAX_PARKED	1024

/* Half as many base pages, as a multiple of the alignment. */
static unsigned long half(const struct pcibuf_alloc_state *state,
			  unsigned long nr_pages)
{
	return round_down(nr_pages / 2, state->align);
}

/* The least order of a page of the alignment. */
static unsigned int least_order(const struct pcibuf_alloc_state *state)
{
	return ilog2(state->align);
}

static enum pcibuf_outcome take_parked(struct pcibuf_alloc_state *state,
				       unsigned long *left)
{
	enum pcibuf_outcome outcome = PCIBUF_DONE;
	unsigned long nr = *left;
	unsigned int taken = 0;

	while (nr && taken < MAX_PARKED && outcome == PCIBUF_DONE) {
		if (pcibuf_quarantine_take_range(state, nr, false) == PCIBUF_DONE) {
			*left -= nr;
			nr = min(nr, *left);
			taken++;
		} else {
			nr = half(state, nr);
		}
		outcome = pcibuf_ctx_interrupted(state->ctx);
	}
	return outcome;
}

static enum pcibuf_outcome take_pages(struct pcibuf_alloc_state *state,
				      unsigned long *left)
{
	unsigned long check = *left;
	unsigned int order = PCIBUF_HUGE_ORDER;
	enum pcibuf_outcome outcome = PCIBUF_DONE;

	while (outcome == PCIBUF_DONE && *left && order >= least_order(state)) {
		if (*left <= check) {
			outcome = pcibuf_ctx_check(state->ctx, 0);
			check = *left - min_t(unsigned long, *left,
					      PCIBUF_CHECK_EVERY);
		}
		if (outcome == PCIBUF_DONE)
			outcome = *left < BIT(order) ? PCIBUF_NONE :
				  pcibuf_page_get(state, order);
		if (outcome == PCIBUF_DONE) {
			*left -= BIT(order);
		} else if (outcome == PCIBUF_NONE) {
			order--;
			outcome = PCIBUF_DONE;
		}
	}
	return outcome;
}

/* Once a processor did no work for the kernel, nothing is moved any more. */
static enum pcibuf_outcome take_piece(struct pcibuf_alloc_state *state,
				      unsigned long nr_pages)
{
	enum pcibuf_outcome outcome;

	if (state->ctx->stuck)
		return PCIBUF_NONE;
	outcome = pcibuf_ctx_charge(state->ctx, (u64)nr_pages << PAGE_SHIFT);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_contig_get(state, nr_pages);
	return outcome == PCIBUF_NO_CPU ? PCIBUF_NONE : outcome;
}

/* A full cgroup has nothing of a piece, which is not charged to it page by page. */
static enum pcibuf_outcome take_pieces(struct pcibuf_alloc_state *state,
				       unsigned long *left)
{
	unsigned int order = min_t(unsigned int, least_order(state),
				   PCIBUF_HUGE_ORDER);
	unsigned long nr = *left;
	unsigned int pieces = 0;

	if (pcibuf_state_none(state, order) == PCIBUF_NO_CGROUP)
		return PCIBUF_NO_CGROUP;
	while (nr && pieces < MAX_PIECES) {
		enum pcibuf_outcome outcome = take_piece(state, nr);

		if (outcome == PCIBUF_DONE) {
			*left -= nr;
			nr = min(nr, *left);
			pieces++;
		} else if (outcome == PCIBUF_NONE) {
			nr = half(state, nr);
		} else {
			return outcome;
		}
	}
	return *left ? PCIBUF_NONE : PCIBUF_DONE;
}

static enum pcibuf_outcome take_fresh(struct pcibuf_alloc_state *state,
				      unsigned long *left)
{
	enum pcibuf_outcome outcome = take_pages(state, left);

	if (outcome == PCIBUF_DONE && *left)
		outcome = take_pieces(state, left);
	return outcome;
}

static enum pcibuf_outcome take_body(struct pcibuf_alloc_state *state,
				     unsigned long left)
{
	enum pcibuf_outcome outcome = take_parked(state, &left);

	if (outcome == PCIBUF_DONE && left)
		outcome = take_fresh(state, &left);
	if (outcome != PCIBUF_NONE || !pcibuf_state_keeps_low(state))
		return outcome;
	pcibuf_state_ask_low(state);
	return take_fresh(state, &left);
}

static enum pcibuf_outcome take_tail(struct pcibuf_alloc_state *state,
				     unsigned long nr_pages)
{
	enum pcibuf_outcome outcome = PCIBUF_DONE;

	if (nr_pages)
		outcome = pcibuf_quarantine_take_range(state, nr_pages, false);
	if (outcome == PCIBUF_NONE)
		outcome = pcibuf_block_get(state, nr_pages);
	if (outcome == PCIBUF_NONE)
		outcome = take_piece(state, nr_pages);
	return outcome;
}

/*
 * Sort by address, so that neighbours become one segment. Where a piece of the
 * alignment is larger than a huge page, it may consist of pages of several orders, and
 * they stay together: each lies at a multiple of its size as the piece does.
 */
static bool sort_body(struct pcibuf_alloc_state *state)
{
	return pcibuf_extents_arrange(state->pages,
				      state->align > PCIBUF_HUGE_PAGES);
}

/**
 * pcibuf_aligned_get() - get all of an allocation as segments of its alignment
 * @state: the allocation, which gets the extents in the order of their offsets
 *
 * Return: %PCIBUF_DONE or what it ran into, but not %PCIBUF_NONE.
 */
enum pcibuf_outcome pcibuf_aligned_get(struct pcibuf_alloc_state *state)
{
	unsigned long nr_pages = state->ctx->size >> PAGE_SHIFT;
	unsigned long tail = nr_pages % state->align;
	enum pcibuf_outcome outcome = PCIBUF_DONE;

	if (nr_pages > tail)
		outcome = take_body(state, nr_pages - tail);
	if (outcome == PCIBUF_DONE && !sort_body(state))
		outcome = PCIBUF_NO_RECORDS;
	if (outcome == PCIBUF_DONE)
		outcome = take_tail(state, tail);
	if (outcome != PCIBUF_NONE)
		return outcome;
	return state->ctx->stuck ? PCIBUF_NO_CPU : PCIBUF_NO_ALIGN;
}
