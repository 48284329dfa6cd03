// SPDX-License-Identifier: GPL-2.0-only
/*
 * Segments: joined from the ranges that the DMA API gives, and formatted as text.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "lib/segments.h"

/*
 * Length of a line in bytes: three numbers of 0x and 16 hex digits, two blanks and a
 * newline. All lines have the same length. So a read in the middle of a long list
 * need not format the lines before.
 */
#define LINE_LEN	(3 * 18 + 3)

/**
 * pcibuf_coalesce() - add the next range of a buffer to its segments
 * @c: segments so far. The array @c->out, if any, has room for one more segment
 * @dma_addr: bus address of the range
 * @length: length of the range in bytes, not 0
 *
 * A range that begins where the last segment ends makes the last segment longer. The
 * card sees such ranges as one range, but the DMA API splits them: at 4 GiB, and on
 * old kernels at every page block.
 */
void pcibuf_coalesce(struct pcibuf_coalescer *c, u64 dma_addr, u64 length)
{
	bool adjacent = c->nr && c->end == dma_addr;

	if (!adjacent) {
		if (c->out)
			c->out[c->nr] = (struct pcibuf_segment){
				.offset = c->offset,
				.dma_addr = dma_addr,
			};
		c->nr++;
	}
	if (c->out)
		c->out[c->nr - 1].length += length;
	c->offset += length;
	c->end = dma_addr + length;
}

/**
 * pcibuf_segments_aligned() - do segments keep an alignment?
 * @segments: segments in the order of their offsets
 * @nr: number of segments
 * @align: bytes, a power of two
 *
 * Return: true where each bus address is a multiple of @align, and each length but
 * the last.
 */
bool pcibuf_segments_aligned(const struct pcibuf_segment *segments,
			     unsigned int nr, u64 align)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		u64 odd = segments[i].dma_addr;

		if (i < nr - 1)
			odd |= segments[i].length;
		if (odd & (align - 1))
			return false;
	}
	return true;
}

static void format_line(const struct pcibuf_segment *segment,
			char line[LINE_LEN + 1])
{
	snprintf(line, LINE_LEN + 1, "0x%016llx 0x%016llx 0x%016llx\n",
		 (unsigned long long)segment->offset,
		 (unsigned long long)segment->dma_addr,
		 (unsigned long long)segment->length);
}

/**
 * pcibuf_segments_text() - format a part of the list of segments
 * @segments: segments in the order of their offsets
 * @nr: number of segments
 * @text: out: the part of the text, not terminated; has room for @len bytes
 * @pos: offset of the part in the whole text, in bytes
 * @len: length of the part in bytes
 *
 * The whole text has a line "offset dma_addr length\n" for each segment.
 *
 * Return: bytes stored: @len, or less at the end of the text.
 */
size_t pcibuf_segments_text(const struct pcibuf_segment *segments,
			    unsigned int nr, char *text, u64 pos, size_t len)
{
	unsigned int skip = pos % LINE_LEN;
	u64 i = pos / LINE_LEN;
	size_t done = 0;

	while (i < nr && done < len) {
		char line[LINE_LEN + 1];
		size_t part = LINE_LEN - skip;

		if (part > len - done)
			part = len - done;
		format_line(&segments[i++], line);
		memcpy(text + done, line + skip, part);
		done += part;
		skip = 0;
	}
	return done;
}
