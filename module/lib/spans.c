// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spans: searches for a contiguous range.
 */
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
