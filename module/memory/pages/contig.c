// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous allocation: make a range by moving what others have in it elsewhere.
 *
 * The kernel can move most of what fills a machine's memory (page cache, memory of
 * processes), and alloc_contig_range() does so for a range that it is given. This
 * file decides which range: of those that the card reaches and that hold nothing
 * plainly unmovable, the one with the least to move. The look before matters for
 * others too: even an attempt that fails turns the page blocks of its range into
 * movable ones (through 6.12), and has moved some of it.
 *
 * lib/spans.c chooses among the blocks and decides what an attempt that failed rules
 * out.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "lib/extent_list.h"
#include "lib/spans.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"

/*
 * How many ranges are tried in one zone, how many of them a second time, and how many
 * are looked at once more for each try.
 */
#define MAX_TRIES	16
#define MAX_CHANCES	4
#define MAX_LOOKS	16

/* As many pages as are wanted may be moved this often, and so many in any case. */
#define MAX_MOVES	4
#define MIN_MOVES	(SZ_64M >> PAGE_SHIFT)

/* How many blocks are looked at before the search looks whether it goes on. */
#define CHECK_BLOCKS	64

/**
 * struct contig - the search for a range
 * @state: the allocation
 * @nr_pages: base pages wanted
 * @zone: zone that is searched now
 * @first: page frame number of the zone's first block
 * @span: costs of the zone's blocks, each of the size of a huge page, and what is
 *	left of the effort
 */
struct contig {
	struct pcibuf_alloc_state *state;
	unsigned long nr_pages;
	struct zone *zone;
	unsigned long first;
	struct pcibuf_span_search span;
};

static unsigned long block_pfn(const struct contig *contig, size_t i)
{
	return contig->first + i * PCIBUF_HUGE_PAGES;
}

/* Look at the blocks from @from to before @end, as they are now. */
static enum pcibuf_outcome judge(struct contig *contig, size_t from, size_t end)
{
	enum pcibuf_outcome outcome;
	size_t i;

	for (i = from; i < end; i++) {
		if ((i - from) % CHECK_BLOCKS == 0) {
			outcome = pcibuf_contig_interrupted(contig->state->ctx);
			if (outcome != PCIBUF_DONE)
				return outcome;
		}
		contig->span.costs[i] =
			pcibuf_migrate_cost(contig->zone, block_pfn(contig, i));
	}
	return PCIBUF_DONE;
}

static size_t cheapest(const struct contig *contig, size_t need, u64 *cost)
{
	return pcibuf_span_cheapest(contig->span.costs, contig->span.nr, need,
				    contig->span.align, cost);
}

/*
 * New pages of files and processes wait in small lists of each processor, and cannot
 * be moved while they do. To allocate any page by its address empties those lists:
 * one page of the block that has the least in it.
 */
static void empty_lists(struct contig *contig)
{
	u64 cost;
	size_t at = cheapest(contig, 1, &cost);
	unsigned long pfn = block_pfn(contig, at);

	if (at < contig->span.nr && pcibuf_contig_take(pfn, 1) == PCIBUF_DONE)
		__free_page(pfn_to_page(pfn));
}

/* Where every range has pages on their way into those lists, wait for the pages. */
static enum pcibuf_outcome judge_zone(struct contig *contig)
{
	enum pcibuf_outcome outcome;
	u64 cost = 0;

	outcome = judge(contig, 0, contig->span.nr);
	if (outcome != PCIBUF_DONE)
		return outcome;
	empty_lists(contig);
	cheapest(contig, contig->span.need, &cost);
	return cost > contig->nr_pages ? judge(contig, 0, contig->span.nr) :
					 PCIBUF_DONE;
}

/*
 * Find the best range, in @at. The zone was looked at once, and much may have been
 * moved since. So the range is looked at again: what is read or written by now would
 * be waited for.
 */
static enum pcibuf_outcome next_range(struct contig *contig, size_t *at,
				      u64 *cost)
{
	struct pcibuf_span_search *span = &contig->span;
	enum pcibuf_outcome outcome;
	unsigned int looks;

	for (looks = 0; looks < MAX_LOOKS; looks++) {
		*at = cheapest(contig, span->need, cost);
		*at = pcibuf_span_natural(span, *at, *cost);
		if (*at == span->nr || *cost > span->moves)
			break;
		outcome = judge(contig, *at, *at + span->need);
		if (outcome != PCIBUF_DONE)
			return outcome;
		*cost = pcibuf_span_cost(span, *at);
		if (*cost <= span->moves)
			return PCIBUF_DONE;
	}
	return PCIBUF_NONE;
}

/* The kernel did not empty the range at @at, which had cost @cost before. */
static enum pcibuf_outcome give_up(struct contig *contig, size_t at, u64 cost)
{
	enum pcibuf_outcome outcome;

	empty_lists(contig);
	outcome = judge(contig, at, at + contig->span.need);
	if (outcome == PCIBUF_DONE)
		pcibuf_span_refused(&contig->span, at, cost);
	return outcome;
}

static enum pcibuf_outcome try_ranges(struct contig *contig, unsigned long *pfn)
{
	enum pcibuf_outcome outcome;
	unsigned int tries;
	size_t at;
	u64 cost;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		outcome = next_range(contig, &at, &cost);
		if (outcome != PCIBUF_DONE)
			return outcome;
		*pfn = block_pfn(contig, at);
		contig->state->ctx->tries++;
		outcome = pcibuf_contig_take(*pfn, contig->nr_pages);
		if (outcome != PCIBUF_NONE)
			return outcome;
		outcome = give_up(contig, at, cost);
		if (outcome != PCIBUF_DONE)
			return outcome;
	}
	return PCIBUF_NONE;
}

/* The part of a zone that the card reaches. */
static enum pcibuf_outcome search_zone(struct contig *contig, struct zone *zone,
				       unsigned long *pfn)
{
	struct pcibuf_span_search *span = &contig->span;
	struct device *dev = contig->state->ctx->pool->dev;
	unsigned long end = min(zone_end_pfn(zone), pcibuf_dma_end_pfn(dev));
	enum pcibuf_outcome outcome;

	contig->zone = zone;
	contig->first = ALIGN(pcibuf_state_align(contig->state,
						 zone->zone_start_pfn),
			      PCIBUF_CONTIG_ALIGN);
	if (contig->first >= end || end - contig->first < contig->nr_pages)
		return PCIBUF_NONE;
	span->lead = (contig->first + contig->state->shift) / PCIBUF_HUGE_PAGES;
	span->chances = MAX_CHANCES;
	span->refused_end = 0;
	span->nr = (end - contig->first) / PCIBUF_HUGE_PAGES;
	span->costs = kvmalloc_array(span->nr, sizeof(*span->costs), PCIBUF_GFP);
	if (!span->costs)
		return PCIBUF_NONE;
	outcome = judge_zone(contig);
	if (outcome == PCIBUF_DONE)
		outcome = try_ranges(contig, pfn);
	kvfree(span->costs);
	return outcome;
}

/*
 * The tiny zone is searched only when nothing else is left, and each zone keeps its
 * share.
 */
static bool is_spared(struct contig *contig, struct zone *zone)
{
	struct pcibuf_alloc_state *state = contig->state;

	if (pcibuf_zone_is_tiny(zone) && !state->low)
		return true;
	if (pcibuf_reserve_allows_moving(zone, max(state->top, 0),
					 contig->nr_pages))
		return false;
	pcibuf_ctx_spare(state->ctx, zone_to_nid(zone), zone->name);
	return true;
}

/* From the top, to spare the zones of cards that reach no other. */
static enum pcibuf_outcome search_node(struct contig *contig, int nid,
				       unsigned long *pfn)
{
	enum pcibuf_outcome outcome = PCIBUF_NONE;
	int i;

	for (i = ZONE_NORMAL; i >= 0 && outcome == PCIBUF_NONE; i--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		if (populated_zone(zone) && !is_spared(contig, zone))
			outcome = search_zone(contig, zone, pfn);
	}
	return outcome;
}

/* The card's node first. */
static enum pcibuf_outcome search_nodes(struct contig *contig,
					unsigned long *pfn)
{
	int nid, own = dev_to_node(contig->state->ctx->pool->dev);
	enum pcibuf_outcome outcome = PCIBUF_NONE;

	if (own != NUMA_NO_NODE && node_state(own, N_MEMORY))
		outcome = search_node(contig, own, pfn);
	for_each_node_state(nid, N_MEMORY) {
		if (outcome != PCIBUF_NONE)
			break;
		if (nid != own)
			outcome = search_node(contig, nid, pfn);
	}
	return outcome;
}

/* Find a range, and make huge pages of it. */
static enum pcibuf_outcome search(struct contig *contig,
				  struct pcibuf_pages *list)
{
	struct pcibuf_extent range = { .dirty = true };
	enum pcibuf_outcome outcome;

	/* What is moved needs room elsewhere, and ZONE_MOVABLE has some. */
	outcome = pcibuf_ctx_check(contig->state->ctx,
				   pcibuf_reserve_movable_room());
	if (outcome == PCIBUF_DONE)
		outcome = search_nodes(contig, &range.pfn);
	if (outcome == PCIBUF_DONE) {
		range.nr_pages = contig->nr_pages;
		outcome = pcibuf_collapse(contig->state, &range, list);
	}
	pcibuf_extent_put(&range);
	return outcome;
}

static enum pcibuf_outcome locked_search(struct contig *contig,
					 struct pcibuf_pages *list)
{
	enum pcibuf_outcome outcome = pcibuf_contig_lock(contig->state->ctx);

	if (outcome != PCIBUF_DONE)
		return outcome;
	outcome = search(contig, list);
	pcibuf_contig_unlock();
	return outcome;
}

/**
 * pcibuf_contig_get() - get a range by moving what others have in it
 * @state: the allocation, which gets it
 * @nr_pages: base pages wanted
 *
 * Return: %PCIBUF_DONE; or %PCIBUF_NONE or what it ran into, and nothing is left
 * behind.
 */
enum pcibuf_outcome pcibuf_contig_get(struct pcibuf_alloc_state *state,
				      unsigned long nr_pages)
{
	struct contig contig = {
		.state = state,
		.nr_pages = nr_pages,
		.span.need = DIV_ROUND_UP(nr_pages, PCIBUF_HUGE_PAGES),
		.span.align = max_t(unsigned long, state->align,
				    PCIBUF_CONTIG_ALIGN) / PCIBUF_HUGE_PAGES,
		.span.natural = roundup_pow_of_two(nr_pages) / PCIBUF_HUGE_PAGES,
		.span.moves = max_t(u64, (u64)nr_pages * MAX_MOVES, MIN_MOVES),
	};
	struct pcibuf_pages list = { };
	enum pcibuf_outcome outcome;

	if (!pcibuf_extents_reserve(&list, nr_pages / PCIBUF_HUGE_PAGES + 1))
		return PCIBUF_NONE;
	outcome = locked_search(&contig, &list);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_state_add(state, list.extents,
					   list.nr_extents);
	if (outcome != PCIBUF_DONE)
		pcibuf_extents_put(&list);
	kvfree(list.extents);
	return outcome;
}
