/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments: the ranges of bus addresses that a buffer consists of.
 *
 * Pure: no state, no allocation and no lock, so that tests/unit compiles it on the
 * host.
 */
#ifndef PCIBUF_SEGMENTS_H
#define PCIBUF_SEGMENTS_H

#include <linux/types.h>

#include "uapi/pcibuf.h"

/**
 * struct pcibuf_coalescer - joins ranges of bus addresses into segments
 * @out: array that gets the segments; NULL to count segments only
 * @nr: number of segments so far
 * @offset: bytes of the buffer that the segments cover so far
 * @end: bus address of the first byte after the last segment
 *
 * The caller sets @out and zeroes the other fields.
 */
struct pcibuf_coalescer {
	struct pcibuf_segment *out;
	unsigned int nr;
	u64 offset;
	u64 end;
};

void pcibuf_coalesce(struct pcibuf_coalescer *c, u64 dma_addr, u64 length);
bool pcibuf_segments_aligned(const struct pcibuf_segment *segments,
			     unsigned int nr, u64 align);
size_t pcibuf_segments_text(const struct pcibuf_segment *segments,
			    unsigned int nr, char *text, u64 pos, size_t len);

#endif /* PCIBUF_SEGMENTS_H */
