/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spans: where a contiguous range lies, or could be made.
 *
 * Pure: no allocation, so that tests/unit compiles it on the host.
 */
#ifndef PCIBUF_SPANS_H
#define PCIBUF_SPANS_H

#include <linux/types.h>

/* The cost of a block that cannot be emptied at any price. */
#define PCIBUF_COST_NEVER	((u16)~0)

/**
 * struct pcibuf_span_search - search for a row of blocks that can be emptied
 * @costs: pages to move out of each block, or %PCIBUF_COST_NEVER; the caller
 *	updates them
 * @nr: number of blocks
 * @need: how many blocks in a row are wanted, not 0
 * @align: the index of the first block is a multiple of this
 * @natural: power of two: of rows that cost the same, one is better whose index is a
 *	multiple of this,
 * @lead: after this was added
 * @moves: how many more pages may be moved
 */
struct pcibuf_span_search {
	u16 *costs;
	size_t nr;
	size_t need;
	size_t align;
	size_t natural;
	size_t lead;
	u64 moves;
};

size_t pcibuf_span_neighbours(const unsigned long *pfns, size_t nr,
			      unsigned long step, size_t need);
size_t pcibuf_span_natural_neighbours(const unsigned long *pfns, size_t nr,
				      unsigned long step, size_t need,
				      unsigned long shift);
size_t pcibuf_span_cheapest(const u16 *costs, size_t nr, size_t need,
			    size_t align, u64 *cost);
size_t pcibuf_span_natural(const struct pcibuf_span_search *search, size_t at,
			   u64 cost);
u64 pcibuf_span_cost(const struct pcibuf_span_search *search, size_t at,
		     size_t nr);
void pcibuf_span_took(struct pcibuf_span_search *search, size_t at, size_t nr);
u64 pcibuf_span_refused(struct pcibuf_span_search *search, size_t at,
			size_t nr, u64 before);
void pcibuf_span_give_up(struct pcibuf_span_search *search, size_t at,
			 size_t nr, u64 before);

#endif /* PCIBUF_SPANS_H */
