// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous allocation in a zone: which range is emptied, and how.
 *
 * Of the ranges that the card reaches and that hold nothing plainly unmovable, the one
 * with the least to move is taken. The look before matters for others too: even an
 * attempt that fails turns the page blocks of its range into movable ones (through 6.12),
 * and has moved some of it.
 *
 * lib/spans.c chooses among the blocks and decides what an attempt that failed rules
 * out.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "lib/extent_list.h"
#include "lib/spans.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"
#include "sync_point.h"

/* How many ranges are tried in one zone, and how many are looked at for each try. */
#define MAX_TRIES	16
#define MAX_LOOKS	16

/*
 * So much is emptied by one call, which nothing but SIGKILL ends. Each call asks every
 * processor to empty its lists. Counted in a guest with one processor, 1 GiB that is free
 * takes 15 times what 64 MiB take: so the calls themselves cost little.
 */
#define SLICE_SIZE	SZ_64M
#define SLICE_BLOCKS	(round_up(max_t(unsigned long, SLICE_SIZE >> PAGE_SHIFT, \
					PCIBUF_CONTIG_ALIGN), \
				  PCIBUF_HUGE_PAGES) / PCIBUF_BLOCK_PAGES)

/* How often a slice is tried, and looked at again while I/O uses a page of it. */
#define SLICE_TRIES	2
#define SLICE_LOOKS	5
#define SLICE_PAUSE_MS	20

/* How many blocks are looked at before the search looks whether it goes on. */
#define CHECK_BLOCKS	64

/**
 * struct search - the search of a zone
 * @contig: the contiguous allocation
 * @zone: the zone
 * @first: page frame number of the zone's first block
 * @span: costs of the zone's blocks, and what is left of the effort
 */
struct search {
	struct pcibuf_contig *contig;
	struct zone *zone;
	unsigned long first;
	struct pcibuf_span_search span;
};

static struct pcibuf_alloc_ctx *ctx_of(const struct search *search)
{
	return search->contig->state->ctx;
}

static unsigned long block_pfn(const struct search *search, size_t i)
{
	return search->first + i * PCIBUF_BLOCK_PAGES;
}

/* Look at the blocks from @from to before @end, as they are now. */
static enum pcibuf_outcome judge(struct search *search, size_t from, size_t end)
{
	enum pcibuf_outcome outcome;
	size_t i;

	for (i = from; i < end; i++) {
		if ((i - from) % CHECK_BLOCKS == 0) {
			outcome = pcibuf_contig_interrupted(ctx_of(search));
			if (outcome != PCIBUF_DONE)
				return outcome;
		}
		search->span.costs[i] =
			pcibuf_migrate_cost(search->zone, block_pfn(search, i));
	}
	return PCIBUF_DONE;
}

static size_t cheapest(const struct search *search, size_t need, u64 *cost)
{
	return pcibuf_span_cheapest(search->span.costs, search->span.nr, need,
				    search->span.align, cost);
}

/*
 * New pages of files and processes wait in small lists of each processor, and cannot
 * be moved while they do. To allocate any page by its address empties those lists:
 * one page of the block that has the least in it.
 */
static void empty_lists(struct search *search)
{
	u64 cost;
	size_t at = cheapest(search, 1, &cost);
	unsigned long pfn = block_pfn(search, at);

	if (at < search->span.nr &&
	    pcibuf_contig_take(ctx_of(search), pfn, 1) == PCIBUF_DONE)
		__free_page(pfn_to_page(pfn));
}

/* Where every range has pages on their way into those lists, wait for the pages. */
static enum pcibuf_outcome judge_zone(struct search *search)
{
	enum pcibuf_outcome outcome;
	u64 cost = 0;

	outcome = judge(search, 0, search->span.nr);
	if (outcome != PCIBUF_DONE)
		return outcome;
	empty_lists(search);
	cheapest(search, search->span.need, &cost);
	if (cost <= search->contig->nr_pages)
		return PCIBUF_DONE;
	return judge(search, 0, search->span.nr);
}

/*
 * Find the best range, in @at. The zone was looked at once, and much may have been
 * moved since. So the range is looked at again: what is read or written by now would
 * be waited for.
 */
static enum pcibuf_outcome next_range(struct search *search, size_t *at)
{
	struct pcibuf_span_search *span = &search->span;
	enum pcibuf_outcome outcome;
	unsigned int looks;
	u64 cost;

	for (looks = 0; looks < MAX_LOOKS; looks++) {
		*at = cheapest(search, span->need, &cost);
		*at = pcibuf_span_natural(span, *at, cost);
		if (*at == span->nr || cost > span->moves)
			break;
		outcome = judge(search, *at, *at + span->need);
		if (outcome != PCIBUF_DONE)
			return outcome;
		if (pcibuf_span_cost(span, *at, span->need) <= span->moves)
			return PCIBUF_DONE;
	}
	return PCIBUF_NONE;
}

/*
 * Look at a slice again: what others do with its pages has changed since the range was
 * chosen. What I/O uses now is soon free, or never.
 */
static enum pcibuf_outcome ready_slice(struct search *search, size_t from,
				       size_t end)
{
	enum pcibuf_outcome outcome;
	unsigned int looks;
	u64 cost;

	for (looks = 0; looks < SLICE_LOOKS; looks++) {
		if (looks)
			msleep(SLICE_PAUSE_MS);
		outcome = judge(search, from, end);
		if (outcome != PCIBUF_DONE)
			return outcome;
		cost = pcibuf_span_cost(&search->span, from, end - from);
		if (cost != U64_MAX)
			break;
	}
	return cost <= search->span.moves ? PCIBUF_DONE : PCIBUF_NONE;
}

/* Let the kernel empty a slice. Where it does not, find out what stood in the way. */
static enum pcibuf_outcome empty_slice(struct search *search, size_t from,
				       size_t end, unsigned long nr_pages)
{
	struct pcibuf_span_search *span = &search->span;
	unsigned long pfn = block_pfn(search, from);
	enum pcibuf_outcome outcome;
	unsigned int tries = 0;
	u64 before, after;

	after = pcibuf_span_cost(span, from, end - from);
	do {
		before = after;
		outcome = pcibuf_contig_take(ctx_of(search), pfn, nr_pages);
		if (outcome != PCIBUF_NONE)
			return outcome;
		empty_lists(search);
		outcome = judge(search, from, end);
		if (outcome != PCIBUF_DONE)
			return outcome;
		after = pcibuf_span_refused(span, from, end - from, before);
	} while (++tries < SLICE_TRIES && after <= span->moves);
	pcibuf_span_give_up(span, from, end - from, before);
	return PCIBUF_NONE;
}

/* Take one slice, and make huge pages of it. */
static enum pcibuf_outcome take_slice(struct search *search, size_t from,
				      size_t end, unsigned long nr_pages)
{
	struct pcibuf_extent slice = {
		.pfn = block_pfn(search, from),
		.dirty = true,
	};
	enum pcibuf_outcome outcome = ready_slice(search, from, end);

	if (outcome == PCIBUF_DONE)
		outcome = empty_slice(search, from, end, nr_pages);
	if (outcome != PCIBUF_DONE)
		return outcome;
	pcibuf_span_took(&search->span, from, end - from);
	slice.nr_pages = nr_pages;
	outcome = pcibuf_collapse(search->contig->state, &slice,
				  &search->contig->list);
	pcibuf_extent_put(&slice);
	pcibuf_sync_point(PCIBUF_SYNC_SLICE);
	return outcome;
}

/*
 * Take the range at @at, slice by slice: so that the search looks up between them, and
 * that a page that does not move is met before all of the range was moved. On failure all
 * of the range goes back.
 */
static enum pcibuf_outcome take_range(struct search *search, size_t at)
{
	unsigned long slice = SLICE_BLOCKS * PCIBUF_BLOCK_PAGES;
	size_t from, next = at, end = at + search->span.need;
	unsigned long left = search->contig->nr_pages;
	enum pcibuf_outcome outcome = PCIBUF_DONE;

	while (outcome == PCIBUF_DONE && next < end) {
		unsigned long nr = min(left, slice);

		from = next;
		next = min_t(size_t, from + SLICE_BLOCKS, end);
		left -= nr;
		outcome = take_slice(search, from, next, nr);
	}
	if (outcome == PCIBUF_DONE)
		return PCIBUF_DONE;
	pcibuf_extents_put(&search->contig->list);
	if (outcome != PCIBUF_NONE)
		return outcome;
	outcome = judge(search, at, from);
	return outcome == PCIBUF_DONE ? PCIBUF_NONE : outcome;
}

static enum pcibuf_outcome try_ranges(struct search *search)
{
	enum pcibuf_outcome outcome;
	unsigned int tries;
	size_t at;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		outcome = next_range(search, &at);
		if (outcome != PCIBUF_DONE)
			return outcome;
		ctx_of(search)->tries++;
		outcome = take_range(search, at);
		if (outcome != PCIBUF_NONE)
			return outcome;
	}
	return PCIBUF_NONE;
}

/*
 * Where the range may begin. Bus addresses count, and what the kernel needs: if a bus
 * shifts addresses by less than that, no address does both.
 */
static void set_places(struct search *search)
{
	const struct pcibuf_contig *contig = search->contig;
	const struct pcibuf_alloc_state *state = contig->state;
	struct pcibuf_span_search *span = &search->span;
	unsigned long align = max(contig->align, state->align);

	search->first = ALIGN(pcibuf_state_align(state,
						 search->zone->zone_start_pfn),
			      contig->align);
	span->align = align / PCIBUF_BLOCK_PAGES;
	span->natural = roundup_pow_of_two(contig->nr_pages) / PCIBUF_BLOCK_PAGES;
	span->lead = (search->first + state->shift) / PCIBUF_BLOCK_PAGES;
}

/**
 * pcibuf_contig_in_zone() - get a range of a zone, of what the card reaches there
 * @contig: the contiguous allocation, whose list gets the range
 * @zone: the zone
 *
 * The caller holds the contiguous allocation lock.
 *
 * Return: %PCIBUF_DONE; or %PCIBUF_NONE or what it ran into, and nothing is left behind.
 */
enum pcibuf_outcome pcibuf_contig_in_zone(struct pcibuf_contig *contig,
					  struct zone *zone)
{
	struct device *dev = contig->state->ctx->pool->dev;
	unsigned long end = min(zone_end_pfn(zone), pcibuf_dma_end_pfn(dev));
	struct search search = {
		.contig = contig,
		.zone = zone,
		.span.need = DIV_ROUND_UP(contig->nr_pages, PCIBUF_BLOCK_PAGES),
		.span.moves = contig->moves,
	};
	struct pcibuf_span_search *span = &search.span;
	enum pcibuf_outcome outcome;

	set_places(&search);
	if (search.first >= end || end - search.first < contig->nr_pages)
		return PCIBUF_NONE;
	span->nr = (end - search.first) / PCIBUF_BLOCK_PAGES;
	span->costs = kvmalloc_array(span->nr, sizeof(*span->costs), PCIBUF_GFP);
	if (!span->costs)
		return PCIBUF_NONE;
	outcome = judge_zone(&search);
	if (outcome == PCIBUF_DONE)
		outcome = try_ranges(&search);
	contig->moves = span->moves;
	kvfree(span->costs);
	return outcome;
}
