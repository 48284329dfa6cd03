// SPDX-License-Identifier: GPL-2.0-only
/* Segments, joined and shown: module/lib/segments.c on the host. */
#include <kselftest_harness.h>

#include "lib/segments.h"

#define LINE	57	/* bytes; all lines have the same length */

struct piece {
	u64 bus;
	u64 length;
};

static unsigned int join(const struct piece *pieces, unsigned int nr,
			 struct pcibuf_segment *out)
{
	struct pcibuf_coalescer c = { .out = out };
	unsigned int i;

	for (i = 0; i < nr; i++)
		pcibuf_coalesce(&c, pieces[i].bus, pieces[i].length);
	return c.nr;
}

TEST(neighbours_are_joined)
{
	static const struct piece pieces[] = {
		{ 0x10000, 0x1000 }, { 0x11000, 0x2000 }, { 0x13000, 0x1000 },
		{ 0x20000, 0x1000 }, { 0x1f000, 0x1000 }, { 0x20000, 0x1000 },
	};
	struct pcibuf_segment out[8] = { };

	EXPECT_EQ(3, join(pieces, ARRAY_SIZE(pieces), NULL));
	ASSERT_EQ(3, join(pieces, ARRAY_SIZE(pieces), out));
	EXPECT_EQ(0, out[0].offset);
	EXPECT_EQ(0x10000, out[0].dma_addr);
	EXPECT_EQ(0x4000, out[0].length);
	EXPECT_EQ(0x4000, out[1].offset);
	EXPECT_EQ(0x20000, out[1].dma_addr);
	EXPECT_EQ(0x1000, out[1].length);
	EXPECT_EQ(0x5000, out[2].offset);
	EXPECT_EQ(0x1f000, out[2].dma_addr);
	EXPECT_EQ(0x2000, out[2].length);
	EXPECT_EQ(0, out[3].length);
}

/* The DMA API splits ranges at 4 GiB, because its lengths have 32 bits. */
TEST(over_four_gib)
{
	static const struct piece pieces[] = {
		{ 0x100000000, 0xfffff000 }, { 0x1fffff000, 0xfffff000 },
		{ 0x2ffffe000, 0x2000 },
	};
	struct pcibuf_segment out[3] = { };

	ASSERT_EQ(1, join(pieces, ARRAY_SIZE(pieces), out));
	EXPECT_EQ(0x100000000, out[0].dma_addr);
	EXPECT_EQ(0x200000000, out[0].length);
}

/* Bus address 0 is like any other bus address, also in the first segment. */
TEST(bus_address_zero)
{
	static const struct piece pieces[] = {
		{ 0, 0x1000 }, { 0x1000, 0x1000 }, { 0, 0x1000 },
	};
	struct pcibuf_segment out[3] = { };

	ASSERT_EQ(2, join(pieces, ARRAY_SIZE(pieces), out));
	EXPECT_EQ(0, out[0].dma_addr);
	EXPECT_EQ(0x2000, out[0].length);
	EXPECT_EQ(0, out[1].dma_addr);
	EXPECT_EQ(0x2000, out[1].offset);
}

static const struct pcibuf_segment three[] = {
	{ 0, 0x1000, 0x2000 },
	{ 0x2000, 0xffffffffffff0000, 0x10000 },
	{ 0x12000, 0x123456789a000, 0x7fffffffffffe000 },
};

static const char text_of_three[] =
	"0x0000000000000000 0x0000000000001000 0x0000000000002000\n"
	"0x0000000000002000 0xffffffffffff0000 0x0000000000010000\n"
	"0x0000000000012000 0x000123456789a000 0x7fffffffffffe000\n";

TEST(text)
{
	char text[4 * LINE];

	memset(text, '#', sizeof(text));
	ASSERT_EQ(3 * LINE, sizeof(text_of_three) - 1);
	EXPECT_EQ(3 * LINE, pcibuf_segments_text(three, 3, text, 0,
						 sizeof(text)));
	EXPECT_EQ(0, memcmp(text, text_of_three, 3 * LINE));
	EXPECT_EQ('#', text[3 * LINE]);
	EXPECT_EQ(0, pcibuf_segments_text(three, 0, text, 0, sizeof(text)));
}

/* A read of any length at any position returns no more bytes than are left. */
TEST(text_in_parts)
{
	size_t pos, len, left, got;

	for (pos = 0; pos <= 3 * LINE + 2; pos++) {
		left = pos < 3 * LINE ? 3 * LINE - pos : 0;
		for (len = 0; len <= 3 * LINE + 2; len++) {
			char *text = malloc(len ? len : 1);

			got = pcibuf_segments_text(three, 3, text, pos, len);
			ASSERT_EQ(len < left ? len : left, got);
			ASSERT_EQ(0, memcmp(text, text_of_three +
					    (left ? pos : 0), got));
			free(text);
		}
	}
}

TEST(text_far_behind_the_end)
{
	char text[LINE];

	EXPECT_EQ(0, pcibuf_segments_text(three, 3, text, ~0ULL, LINE));
	EXPECT_EQ(0, pcibuf_segments_text(three, 3, text, 1ULL << 62, LINE));
	EXPECT_EQ(0, pcibuf_segments_text(three, 3, text, (u64)LINE << 32,
					  LINE));
}

TEST(aligned)
{
	struct pcibuf_segment list[] = {
		{ 0, 0x400000, 0x200000 }, { 0x200000, 0x200000, 0x200000 },
		{ 0x400000, 0x800000, 0x1000 },
	};

	EXPECT_TRUE(pcibuf_segments_aligned(list, 3, 0x1000));
	EXPECT_TRUE(pcibuf_segments_aligned(list, 3, 0x200000));
	EXPECT_FALSE(pcibuf_segments_aligned(list, 3, 0x400000));
	EXPECT_TRUE(pcibuf_segments_aligned(list, 1, 0x400000));
	EXPECT_FALSE(pcibuf_segments_aligned(list, 1, 0x800000));
	list[2].dma_addr += 0x1000;
	EXPECT_FALSE(pcibuf_segments_aligned(list, 3, 0x200000));
	list[2].dma_addr -= 0x1000;
	list[1].length = 0x1000;
	EXPECT_FALSE(pcibuf_segments_aligned(list, 3, 0x200000));
	EXPECT_TRUE(pcibuf_segments_aligned(list, 2, 0x200000));
	list[0].dma_addr = 1ULL << 62;
	EXPECT_TRUE(pcibuf_segments_aligned(list, 1, 1ULL << 62));
	EXPECT_TRUE(pcibuf_segments_aligned(list, 0, 1ULL << 62));
}

TEST_HARNESS_MAIN
