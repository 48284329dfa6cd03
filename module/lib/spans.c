// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spans: searches for a contiguous range.
 */
#include <linux/kernel.h>
#include <linux/limits.h>

#include "lib/spans.h"

/**
 * pcibuf_span_neighbours() - find blocks that follow each other
 * @pfns: where blocks begin, ascending
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
		if (i && pfns[i] != pfns[i - 1] + step)
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
 * @pfns: where blocks begin, ascending
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
		if (i && pfns[i] != pfns[i - 1] + step)
			first = i;
		if (i - first + 1 >= need &&
		    (pfns[i - need + 1] + shift) % align == 0)
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
 * pcibuf_span_cost() - what a row of blocks costs now
 * @search: the search
 * @at: index of the first block of the row
 *
 * Return: pages to move, U64_MAX where a block of the row cannot be emptied.
 */
u64 pcibuf_span_cost(const struct pcibuf_span_search *search, size_t at)
{
	u64 sum = 0;
	size_t i;

	for (i = at; i < at + search->need; i++) {
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
		    pcibuf_span_cost(search, i) == cost)
			return i;
	return at;
}

static void never(struct pcibuf_span_search *search, size_t from, size_t end)
{
	for (; from < end && from < search->nr; from++)
		search->costs[from] = PCIBUF_COST_NEVER;
}

/*
 * The kernel empties blocks in order, so the first block that is not empty holds
 * the page that would not move: give up that block.
 */
static void give_up_block(struct pcibuf_span_search *search, size_t at)
{
	size_t end = at + search->need;

	while (at < end - 1 && !search->costs[at])
		at++;
	never(search, at, at + 1);
}

/*
 * Nothing was moved, so the kernel refused the row as a whole, as it refuses all of
 * CMA, which is many GiB on some machines and looks like other memory. So give up
 * twice as many blocks for each row that follows a refused one.
 */
static void give_up_row(struct pcibuf_span_search *search, size_t at)
{
	size_t nr = search->need;

	if (search->refused_end && at - search->refused_end < nr)
		nr = 2 * search->refused;
	never(search, at, at + nr);
	search->refused = nr;
	search->refused_end = at + nr;
}

/**
 * pcibuf_span_refused() - the kernel did not empty a row: what is given up?
 * @search: the search, with the costs of the row as they are after the attempt
 * @at: index of the first block of the row
 * @before: cost of the row before the attempt
 *
 * The page that was in the way may be gone by now, so a few rows get a second try.
 * Nothing is given up where a cost is %PCIBUF_COST_NEVER now: then the page shows
 * what it is, and the row is not found again.
 */
void pcibuf_span_refused(struct pcibuf_span_search *search, size_t at,
			 u64 before)
{
	u64 after = pcibuf_span_cost(search, at);

	if (after != before)
		search->moves -= min(before, search->moves);
	if (after == U64_MAX)
		return;
	if (before && search->chances)
		search->chances--;
	else if (after == before)
		give_up_row(search, at);
	else
		give_up_block(search, at);
}
