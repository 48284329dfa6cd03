// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spans: searches for a contiguous range.
 */
#include <linux/kernel.h>
#include <linux/limits.h>

#include "lib/spans.h"

/**
 * pcibuf_span_neighbours() - find blocks that follow each other
 * @pfns: where blocks begin, ascending; what is below @step in each is ignored
 * @nr: how many
 * @step: distance of two neighbours
 * @need: how many in a row are wanted, not 0
 *
 * Return: index of the first of them, @nr where there are none.
 */
size_t pcibuf_span_neighbours(const unsigned long *pfns, size_t nr,
			      unsigned long step, size_t need)
{
	size_t i, first = 0;

	for (i = 0; i < nr; i++) {
		if (i && pfns[i] / step != pfns[i - 1] / step + 1)
			first = i;
		if (i - first + 1 == need)
			return first;
	}
	return nr;
}

/* The alignment that a row of @need blocks has by nature: its size as a power of two. */
static size_t natural_of(size_t need)
{
	size_t natural = 1;

	while (natural < need)
		natural *= 2;
	return natural;
}

/**
 * pcibuf_span_natural_neighbours() - find blocks that follow each other, aligned
 * @pfns: where blocks begin, ascending; what is below @step in each is ignored
 * @nr: how many
 * @step: distance of two neighbours, a power of two
 * @need: how many in a row are wanted, not 0
 * @shift: what is added to a page frame number before its alignment counts
 *
 * Return: index of the first of them, which lies at a multiple of the size of the row,
 * rounded up to a power of two; @nr where there are none.
 */
size_t pcibuf_span_natural_neighbours(const unsigned long *pfns, size_t nr,
				      unsigned long step, size_t need,
				      unsigned long shift)
{
	unsigned long align = natural_of(need) * step;
	size_t i, first = 0;

	for (i = 0; i < nr; i++) {
		if (i && pfns[i] / step != pfns[i - 1] / step + 1)
			first = i;
		if (i - first + 1 >= need &&
		    (pfns[i - need + 1] / step * step + shift) % align == 0)
			return i - need + 1;
	}
	return nr;
}

/**
 * pcibuf_span_cheapest() - find the row of blocks that costs least
 * @costs: of each block
 * @nr: how many
 * @need: how many in a row are wanted, not 0
 * @align: the index of the first is a multiple of this
 * @cost: out: what it costs, if there is one
 *
 * Return: index of the first of them, the lowest where several cost the same; @nr
 * where no row is without a %PCIBUF_COST_NEVER.
 */
size_t pcibuf_span_cheapest(const u16 *costs, size_t nr, size_t need,
			    size_t align, u64 *cost)
{
	size_t i, first = 0, best = nr;
	u64 sum = 0;

	for (i = 0; i < nr; i++) {
		if (costs[i] == PCIBUF_COST_NEVER) {
			first = i + 1;
			sum = 0;
			continue;
		}
		sum += costs[i];
		if (i - first == need)
			sum -= costs[first++];
		if (i - first + 1 < need || first % align ||
		    (best < nr && sum >= *cost))
			continue;
		*cost = sum;
		best = first;
	}
	return best;
}

/**
 * pcibuf_span_cost() - what some blocks cost now
 * @search: the search
 * @at: index of the first block
 * @nr: how many blocks
 *
 * Return: pages to move, U64_MAX where one of the blocks cannot be emptied.
 */
u64 pcibuf_span_cost(const struct pcibuf_span_search *search, size_t at,
		     size_t nr)
{
	u64 sum = 0;
	size_t i;

	for (i = at; i < at + nr; i++) {
		if (search->costs[i] == PCIBUF_COST_NEVER)
			return U64_MAX;
		sum += search->costs[i];
	}
	return sum;
}

/**
 * pcibuf_span_natural() - find a row of the same cost that is naturally aligned
 * @search: the search
 * @at: index of the first block of the row that costs least
 * @cost: cost of that row
 *
 * Return: index of the first block of the row; @at where no other row of that cost is
 * better.
 */
size_t pcibuf_span_natural(const struct pcibuf_span_search *search, size_t at,
			   u64 cost)
{
	size_t i, natural = search->natural;

	if (at == search->nr || natural <= search->align ||
	    (at + search->lead) % natural == 0)
		return at;
	i = -search->lead % natural;
	for (; i < search->nr && search->need <= search->nr - i; i += natural)
		if (i % search->align == 0 &&
		    pcibuf_span_cost(search, i, search->need) == cost)
			return i;
	return at;
}

static void never(struct pcibuf_span_search *search, size_t at, size_t nr)
{
	while (nr--)
		search->costs[at++] = PCIBUF_COST_NEVER;
}

static void moved(struct pcibuf_span_search *search, u64 pages)
{
	search->moves -= min(pages, search->moves);
}

/**
 * pcibuf_span_took() - the kernel emptied a slice, and the caller holds it
 * @search: the search
 * @at: index of the first block of the slice
 * @nr: how many blocks
 *
 * No other range can have these blocks. The caller looks at them again if it gives the
 * slice back.
 */
void pcibuf_span_took(struct pcibuf_span_search *search, size_t at, size_t nr)
{
	moved(search, pcibuf_span_cost(search, at, nr));
	never(search, at, nr);
}

/**
 * pcibuf_span_refused() - the kernel did not empty a slice: what was moved for it?
 * @search: the search, with the costs of the slice as they are after the attempt
 * @at: index of the first block of the slice
 * @nr: how many blocks
 * @before: cost of the slice before the attempt
 *
 * Return: cost of the slice now.
 */
u64 pcibuf_span_refused(struct pcibuf_span_search *search, size_t at,
			size_t nr, u64 before)
{
	u64 after = pcibuf_span_cost(search, at, nr);

	if (after != before)
		moved(search, before);
	return after;
}

/**
 * pcibuf_span_give_up() - a slice is refused for good: which blocks are given up?
 * @search: the search, with the costs of the slice as they are now
 * @at: index of the first block of the slice
 * @nr: how many blocks
 * @before: cost of the slice before the last attempt
 *
 * Nothing is given up where a cost is %PCIBUF_COST_NEVER: then the page shows what it
 * is, and no range with that block is found again. Where nothing was moved, the kernel
 * refused the slice as a whole. Else the kernel empties blocks in order, so the first
 * block that is not empty holds the page that would not move.
 */
void pcibuf_span_give_up(struct pcibuf_span_search *search, size_t at,
			 size_t nr, u64 before)
{
	u64 after = pcibuf_span_cost(search, at, nr);
	size_t last = at + nr - 1;

	if (after == U64_MAX)
		return;
	if (after == before) {
		never(search, at, nr);
		return;
	}
	while (at < last && !search->costs[at])
		at++;
	never(search, at, 1);
}
