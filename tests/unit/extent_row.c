// SPDX-License-Identifier: GPL-2.0-only
/* Aligned rows of extents: module/lib/extent_list.c on the host. */
#include <kselftest_harness.h>

#include "lib/extent_list.h"

/* Order of a huge page, and its size in base pages. */
#define HUGE	9
#define SIZE	512UL

#define PAGES(p, n)		{ .pfn = (p), .nr_pages = (n) }
#define HUGE_PAGES(p, n)	{ .pfn = (p), .nr_pages = (n) * SIZE, .order = HUGE }

/* A page frame that is in use. All other page frames can be used. */
static unsigned long held;

static bool usable(unsigned long pfn, unsigned long nr_pages,
		   unsigned int order)
{
	(void)order;
	return held < pfn || held >= pfn + nr_pages;
}

FIXTURE(rows) { };
FIXTURE_SETUP(rows) { held = -1UL; }
FIXTURE_TEARDOWN(rows) { }

/* Find @nr_pages at a multiple of @align, of at most @max extents. */
static unsigned int aligned(const struct pcibuf_extent *list, unsigned int nr,
			    unsigned long nr_pages, unsigned long align,
			    unsigned int max, unsigned int *first)
{
	struct pcibuf_extent_row want = {
		.nr_pages = nr_pages, .align = align, .max_extents = max,
	};

	return pcibuf_extents_aligned_row(list, nr, &want, first, usable);
}

TEST_F(rows, aligned_row_begins_at_the_front)
{
	static const struct pcibuf_extent list[] = {
		PAGES(4, 12), PAGES(24, 8), PAGES(32, 4), PAGES(64, 64),
	};
	struct pcibuf_extent_row want = { .nr_pages = 8, .align = 8 };
	unsigned int first;

	EXPECT_EQ(1, aligned(list, 4, 8, 8, 9, &first));
	EXPECT_EQ(1, first);
	EXPECT_EQ(2, aligned(list, 4, 12, 8, 9, &first));
	EXPECT_EQ(1, first);
	EXPECT_EQ(1, aligned(list, 4, 12, 8, 1, &first));
	EXPECT_EQ(3, first);
	EXPECT_EQ(1, aligned(list, 4, 4, 32, 9, &first));
	EXPECT_EQ(2, first);
	EXPECT_EQ(0, aligned(list, 4, 65, 32, 9, &first));
	EXPECT_EQ(0, aligned(list, 4, 1, 128, 9, &first));
	/* The bus address counts. */
	want.shift = 4;
	EXPECT_EQ(1, pcibuf_extents_aligned_row(list, 4, &want, &first, usable));
	EXPECT_EQ(0, first);
}

TEST_F(rows, aligned_row_leaves_out_what_is_held)
{
	static const struct pcibuf_extent list[] = {
		PAGES(0, 16), HUGE_PAGES(4 * SIZE, 1), PAGES(5 * SIZE, 8),
	};
	unsigned int first;

	held = 0;
	EXPECT_EQ(0, aligned(list, 1, 8, 8, 9, &first));
	EXPECT_EQ(1, aligned(list, 3, 8, 8, 9, &first));
	EXPECT_EQ(2, first);
	EXPECT_EQ(2, aligned(list, 3, SIZE + 8, 4 * SIZE, 9, &first));
	EXPECT_EQ(1, first);
	held = 5 * SIZE + 7;
	EXPECT_EQ(0, aligned(list, 3, SIZE + 8, 4 * SIZE, 9, &first));
	EXPECT_EQ(2, aligned(list, 3, SIZE + 7, 4 * SIZE, 9, &first));
}

TEST_F(rows, aligned_part_behind_the_front)
{
	static const struct pcibuf_extent list[] = {
		PAGES(4, 8), PAGES(20, 12), HUGE_PAGES(SIZE, 3), PAGES(5000, 100),
	};
	struct pcibuf_extent_row want = { .nr_pages = 8, .align = 8 };
	unsigned long skip;

	EXPECT_EQ(1, pcibuf_extents_aligned_part(list, 4, &want, &skip, usable));
	EXPECT_EQ(4, skip);
	want.nr_pages = SIZE;
	want.align = 2 * SIZE;
	EXPECT_EQ(2, pcibuf_extents_aligned_part(list, 4, &want, &skip, usable));
	EXPECT_EQ(SIZE, skip);
	want.nr_pages = SIZE / 2;
	EXPECT_EQ(4, pcibuf_extents_aligned_part(list, 4, &want, &skip, usable));
	want.nr_pages = 3 * SIZE;
	EXPECT_EQ(4, pcibuf_extents_aligned_part(list, 4, &want, &skip, usable));
	/* The bus address counts. */
	want.nr_pages = 2;
	want.align = 16;
	want.shift = 6;
	EXPECT_EQ(0, pcibuf_extents_aligned_part(list, 4, &want, &skip, usable));
	EXPECT_EQ(6, skip);
	held = 11;
	EXPECT_EQ(1, pcibuf_extents_aligned_part(list, 4, &want, &skip, usable));
	EXPECT_EQ(6, skip);
}

/* A row may end within a huge page, which is taken as a whole. */
TEST_F(rows, cut)
{
	static const struct pcibuf_extent list[] = {
		PAGES(SIZE - 4, 4), HUGE_PAGES(SIZE, 3),
	};
	struct pcibuf_extent_row want = {
		.nr_pages = SIZE + 8, .align = SIZE, .max_extents = 9,
	};
	unsigned long skip;
	unsigned int first;

	EXPECT_EQ(0, pcibuf_extents_aligned_row(list, 2, &want, &first, usable));
	want.cut = true;
	EXPECT_EQ(1, pcibuf_extents_aligned_row(list, 2, &want, &first, usable));
	EXPECT_EQ(1, first);
	held = 3 * SIZE - 1;
	EXPECT_EQ(0, pcibuf_extents_aligned_row(list, 2, &want, &first, usable));
	want.align = 2 * SIZE;
	held = -1UL;
	EXPECT_EQ(1, pcibuf_extents_aligned_part(list, 2, &want, &skip, usable));
	EXPECT_EQ(SIZE, skip);
	held = 4 * SIZE - 1;
	EXPECT_EQ(2, pcibuf_extents_aligned_part(list, 2, &want, &skip, usable));
	held = -1UL;
	want.cut = false;
	EXPECT_EQ(2, pcibuf_extents_aligned_part(list, 2, &want, &skip, usable));
	/* The whole of the last page has to be there. */
	want.cut = true;
	want.nr_pages = 2 * SIZE + 1;
	EXPECT_EQ(2, pcibuf_extents_aligned_part(list, 2, &want, &skip, usable));
}

TEST_HARNESS_MAIN
