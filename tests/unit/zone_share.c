// SPDX-License-Identifier: GPL-2.0-only
/* What is left of each zone, on machines of many kinds: module/lib/zone_share.c on the host. */
#include <kselftest_harness.h>

#include "lib/zone_share.h"

/* Base pages of 4 KiB. */
#define MIB	256ULL
#define GIB	(1024 * MIB)

/* A machine of @total, of which @used is in play. */
#define IN_PLAY(t, u)	{ .total = (t), .used = (u) }

/* What an allocation may take of a node with this zone alone. */
static u64 spare(const struct pcibuf_zone_use *zone, u64 total, u64 used)
{
	const struct pcibuf_in_play in_play = IN_PLAY(total, used);
	u64 available = pcibuf_zone_available(zone);
	u64 share = pcibuf_zone_share(zone, &in_play);

	return available > share ? available - share : 0;
}

/* All free: all but a sixteenth and the watermark may be taken. */
TEST(an_empty_laptop)
{
	const struct pcibuf_zone_use normal = {
		.managed = 6 * GIB, .free = 6 * GIB, .low = 12 * MIB, .kept = 16 * MIB,
	};

	EXPECT_EQ(6 * GIB - 16 * MIB - 6 * GIB / 16, spare(&normal, 8 * GIB, 8 * GIB));
}

/* Page cache counts, but for what the kernel keeps of it. */
TEST(a_laptop_full_of_page_cache)
{
	const struct pcibuf_zone_use normal = {
		.managed = 6 * GIB, .free = 100 * MIB, .file = 4 * GIB, .slab = 10 * MIB,
		.low = 12 * MIB, .kept = 16 * MIB,
	};

	EXPECT_EQ(84 * MIB + 4 * GIB - 12 * MIB + 5 * MIB,
		  pcibuf_zone_available(&normal));
	EXPECT_EQ(84 * MIB + 4 * GIB - 12 * MIB + 5 * MIB - 384 * MIB,
		  spare(&normal, 8 * GIB, 8 * GIB));
}

/* Memory of processes does not count: it would have to be swapped. */
TEST(a_laptop_full_of_processes)
{
	const struct pcibuf_zone_use normal = {
		.managed = 6 * GIB, .free = 300 * MIB, .anon = 5 * GIB, .low = 12 * MIB,
		.kept = 16 * MIB,
	};
	const struct pcibuf_in_play in_play = IN_PLAY(8 * GIB, 8 * GIB);

	EXPECT_EQ(0, spare(&normal, 8 * GIB, 8 * GIB));
	/* But it can be moved out of the way. */
	EXPECT_EQ(284 * MIB + 5 * GIB - 384 * MIB,
		  pcibuf_zone_emptiable(&normal, &in_play));
}

/* Where most of the memory is movable, the kernel zones count, and nothing else. */
TEST(movable_memory)
{
	const struct pcibuf_zone_use normal = {
		.managed = 300 * MIB, .free = 290 * MIB, .low = 2 * MIB, .kept = 3 * MIB,
	};
	u64 left = spare(&normal, 10 * GIB, 10 * GIB);

	EXPECT_EQ(287 * MIB - 300 * MIB / 16, left);
	EXPECT_GT(290 * MIB, left);
}

/* Two nodes: one that is full is full, whatever the other has. */
TEST(a_full_node)
{
	const struct pcibuf_zone_use node = {
		.managed = 2 * GIB, .free = 128 * MIB, .low = 3 * MIB, .kept = 4 * MIB,
	};

	EXPECT_EQ(0, spare(&node, 4 * GIB, 4 * GIB));
}

/* 32-bit cards leave DMA32 its share. */
TEST(the_share_of_dma32)
{
	struct pcibuf_zone_use dma32 = {
		.managed = 1923 * MIB, .free = 1900 * MIB, .low = 3 * MIB, .kept = 4 * MIB,
	};
	u64 taken = spare(&dma32, 9 * GIB, 9 * GIB);

	dma32.free -= taken;
	EXPECT_EQ(0, spare(&dma32, 9 * GIB, 9 * GIB));
	EXPECT_LE(1923 * MIB / 16, dma32.free);
}

/* 3690 huge pages of 8 GiB: what is left is a machine of 0.8 GiB. */
TEST(a_host_of_huge_pages)
{
	const struct pcibuf_zone_use normal = {
		.managed = 5 * GIB, .free = 250 * MIB, .file = 60 * MIB, .low = 11 * MIB,
		.kept = 14 * MIB,
	};
	u64 total = 8 * GIB - 200 * MIB;

	EXPECT_EQ(0, spare(&normal, total, total));
	EXPECT_LT(200 * MIB, spare(&normal, total, total - 7380 * MIB));
}

/* 1 TiB on 8 nodes: no sum overflows, and each node keeps its part. */
TEST(a_terabyte)
{
	const struct pcibuf_zone_use node = {
		.managed = 128 * GIB, .free = 127 * GIB, .low = 20 * MIB, .kept = 30 * MIB,
	};
	u64 total = 1024 * GIB;

	EXPECT_EQ(127 * GIB - 30 * MIB - 8 * GIB, spare(&node, total, total));
}

TEST(a_board_of_one_gigabyte)
{
	const struct pcibuf_zone_use dma = {
		.managed = 960 * MIB, .free = 700 * MIB, .file = 100 * MIB, .low = 5 * MIB,
		.kept = 6 * MIB,
	};

	EXPECT_EQ(694 * MIB + 95 * MIB - 60 * MIB, spare(&dma, 960 * MIB, 960 * MIB));
}

/* Counters are read one after the other, so they need not agree. */
TEST(odd_counts)
{
	const struct pcibuf_zone_use zone = {
		.managed = GIB, .free = GIB, .low = MIB, .kept = MIB,
	};
	const struct pcibuf_zone_use empty = { .low = MIB, .kept = MIB };

	EXPECT_EQ(GIB - MIB - GIB / 16, spare(&zone, GIB, 2 * GIB));
	EXPECT_EQ(GIB - MIB, spare(&zone, 0, 0));
	EXPECT_EQ(0, spare(&empty, GIB, GIB));
	EXPECT_EQ(0, pcibuf_zone_available(&empty));
}

TEST_HARNESS_MAIN
