/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spans: where a contiguous range lies, or could be made.
 *
 * Pure: no state, no allocation, so that tests/unit compiles it on the host.
 */
#ifndef PCIBUF_SPANS_H
#define PCIBUF_SPANS_H

#include <linux/types.h>

/* The cost of a block that cannot be had at any price. */
#define PCIBUF_COST_NEVER	((u16)~0)

size_t pcibuf_span_neighbours(const unsigned long *pfns, size_t nr,
			      unsigned long step, size_t need);
size_t pcibuf_span_cheapest(const u16 *costs, size_t nr, size_t need,
			    size_t align, u64 *cost);

#endif /* PCIBUF_SPANS_H */
