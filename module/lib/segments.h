/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segments: the ranges of bus addresses that a buffer consists of.
 *
 * Pure: no state, no allocation, so that tests/unit compiles it on the host.
 */
#ifndef PCIBUF_SEGMENTS_H
#define PCIBUF_SEGMENTS_H

#include <linux/types.h>

#include "uapi/pcibuf.h"

/**
 * struct pcibuf_coalescer - joins ranges of bus addresses into segments
 * @out: where segments are stored; NULL to count them only
 * @nr: how many there are so far
 * @offset: bytes of the buffer that they cover
 * @end: bus address behind the newest
 *
 * All zero at the start but for @out.
 */
struct pcibuf_coalescer {
	struct pcibuf_segment *out;
	unsigned int nr;
	u64 offset;
	u64 end;
};

void pcibuf_coalesce(struct pcibuf_coalescer *c, u64 dma_addr, u64 length);
size_t pcibuf_segments_text(const struct pcibuf_segment *segments,
			    unsigned int nr, char *text, u64 pos, size_t len);

#endif /* PCIBUF_SEGMENTS_H */
