// SPDX-License-Identifier: GPL-2.0-only
/* Lists of extents: module/lib/extent_list.c on the host. */
#include <kselftest_harness.h>
#include <string.h>

#include "lib/extent_list.h"

/* Order of a huge page, and its size in base pages. */
#define HUGE	9
#define SIZE	512UL

#define PAGES(p, n)		{ .pfn = (p), .nr_pages = (n) }
#define HUGE_PAGES(p, n)	{ .pfn = (p), .nr_pages = (n) * SIZE, .order = HUGE }

/* Page frames that are in use. All other page frames can be used. */
static unsigned long held[4];
static unsigned int nr_held;
/* Number of calls of usable(). */
static unsigned int nr_looks;

static bool usable(unsigned long pfn, unsigned long nr_pages,
		   unsigned int order)
{
	unsigned int i;

	(void)order;
	nr_looks++;
	for (i = 0; i < nr_held; i++)
		if (held[i] >= pfn && held[i] < pfn + nr_pages)
			return false;
	return true;
}

static void hold(unsigned long pfn)
{
	held[nr_held++] = pfn;
}

static void hold_nothing(void)
{
	nr_held = 0;
	nr_looks = 0;
}

FIXTURE(extents) { };
FIXTURE_SETUP(extents) { hold_nothing(); }
FIXTURE_TEARDOWN(extents) { }

TEST_F(extents, append_joins_neighbours_of_one_kind)
{
	struct pcibuf_extent list[8], next = PAGES(10, 2);
	unsigned int nr;

	nr = pcibuf_extents_append(list, 0, &next);
	next.pfn = 12;
	nr = pcibuf_extents_append(list, nr, &next);
	EXPECT_EQ(1, nr);
	EXPECT_EQ(4, list[0].nr_pages);
	next.pfn = 15;
	nr = pcibuf_extents_append(list, nr, &next);
	EXPECT_EQ(2, nr);
	next.pfn = 17;
	next.reused = true;
	nr = pcibuf_extents_append(list, nr, &next);
	EXPECT_EQ(3, nr);
	next.pfn = 19;
	next.dirty = true;
	nr = pcibuf_extents_append(list, nr, &next);
	EXPECT_EQ(4, nr);
	next.pfn = 21;
	next.order = 1;
	nr = pcibuf_extents_append(list, nr, &next);
	EXPECT_EQ(5, nr);
	next.nr_pages = 0;
	EXPECT_EQ(5, pcibuf_extents_append(list, nr, &next));
}

TEST_F(extents, merge_sorts_and_joins)
{
	static const struct pcibuf_extent a[] = { PAGES(0, 4), PAGES(8, 4) };
	static const struct pcibuf_extent b[] = { PAGES(4, 4), PAGES(20, 1) };
	struct pcibuf_extent out[4];
	unsigned int nr;

	pcibuf_extents_merge(out, &nr, a, 2, b, 2);
	EXPECT_EQ(2, nr);
	EXPECT_EQ(0, out[0].pfn);
	EXPECT_EQ(12, out[0].nr_pages);
	EXPECT_EQ(20, out[1].pfn);
	pcibuf_extents_merge(out, &nr, a, 0, b, 2);
	EXPECT_EQ(2, nr);
	pcibuf_extents_merge(out, &nr, a, 2, b, 0);
	EXPECT_EQ(2, nr);
	EXPECT_EQ(8, out[1].pfn);
	pcibuf_extents_merge(out, &nr, a, 0, b, 0);
	EXPECT_EQ(0, nr);
}

/*
 * 65,536 buffers are freed one after the other, each with as many extents as @nr_of says.
 * Return how many extents are copied.
 */
static unsigned long copies(unsigned int (*nr_of)(unsigned int i),
			    unsigned int *nr_lists)
{
	static unsigned int lists[65536];
	unsigned int i, at, nr;
	unsigned long sum = 0;

	*nr_lists = 0;
	for (i = 0; i < 65536; i++) {
		nr = nr_of(i);
		for (at = 0; at < *nr_lists; at++) {
			if (!pcibuf_extents_merge_pays(lists[at], nr))
				continue;
			nr += lists[at];
			sum += nr;
			lists[at] = lists[--*nr_lists];
			at = -1;
		}
		lists[(*nr_lists)++] = nr;
	}
	return sum;
}

static unsigned int one(unsigned int i)
{
	(void)i;
	return 1;
}

static unsigned int more_and_more(unsigned int i)
{
	return i % 1000 ? 1 : i / 100 + 1;
}

TEST_F(extents, frees_are_not_quadratic)
{
	unsigned int nr_lists;

	EXPECT_GT(20 * 65536, copies(one, &nr_lists));
	EXPECT_GT(32, nr_lists);
	EXPECT_GT(20 * 2 * 65536, copies(more_and_more, &nr_lists));
	EXPECT_GT(32, nr_lists);
}

TEST_F(extents, long_lists_are_left_alone)
{
	EXPECT_TRUE(pcibuf_extents_merge_pays(1 << 19, 1 << 19));
	EXPECT_FALSE(pcibuf_extents_merge_pays(1 << 19, (1 << 19) + 1));
	EXPECT_FALSE(pcibuf_extents_can_merge(1 << 19, (1 << 19) + 1));
	EXPECT_FALSE(pcibuf_extents_can_merge(~0U, 2));
	EXPECT_FALSE(pcibuf_extents_can_merge(2, ~0U));
	EXPECT_TRUE(pcibuf_extents_can_merge(1, 1 << 19));
	EXPECT_FALSE(pcibuf_extents_merge_pays(1, 1 << 19));
}

TEST_F(extents, find_by_offset)
{
	static const struct pcibuf_extent list[] = {
		{ .first = 0, .nr_pages = 3 },
		{ .first = 3, .nr_pages = 1 },
		{ .first = 4, .nr_pages = 6 },
	};
	static const unsigned int where[] = { 0, 0, 0, 1, 2, 2, 2, 2, 2, 2 };
	unsigned long i;

	for (i = 0; i < 10; i++)
		EXPECT_EQ(where[i], pcibuf_extents_find(list, 3, i));
	EXPECT_EQ(0, pcibuf_extents_find(list, 1, 2));
}

TEST_F(extents, cut_at_the_end_that_can_be_used)
{
	struct pcibuf_extent from = PAGES(100, 10), out;

	pcibuf_extent_cut_end(&from, 4, &out, usable);
	EXPECT_EQ(100, out.pfn);
	EXPECT_EQ(104, from.pfn);
	EXPECT_EQ(6, from.nr_pages);
	hold(104);
	pcibuf_extent_cut_end(&from, 4, &out, usable);
	EXPECT_EQ(106, out.pfn);
	EXPECT_EQ(4, out.nr_pages);
	EXPECT_EQ(104, from.pfn);
	EXPECT_EQ(2, from.nr_pages);
}

/* Return the best extent for one page of an order, or -1 - the reason for none. */
static int best(const struct pcibuf_extent *list, unsigned int nr,
		unsigned int order)
{
	unsigned int cursor = 0;
	enum pcibuf_found found;

	found = pcibuf_extents_best(list, nr, &cursor, order, 1UL << order,
				    usable);
	return found == PCIBUF_FOUND ? (int)cursor : -1 - (int)found;
}

#define NONE	(-1 - (int)PCIBUF_FOUND_NONE)
#define BUSY	(-1 - (int)PCIBUF_FOUND_BUSY)

TEST_F(extents, best_is_of_the_order_then_the_shortest)
{
	static const struct pcibuf_extent list[] = {
		PAGES(0, 600), HUGE_PAGES(1024, 2), PAGES(4096, 1),
		PAGES(5000, 3), HUGE_PAGES(8192, 1),
	};

	EXPECT_EQ(1, best(list, 5, HUGE));
	EXPECT_EQ(0, best(list, 1, HUGE));
	EXPECT_EQ(2, best(list, 5, 0));
	EXPECT_EQ(3, best(list, 5, 1));
	EXPECT_EQ(NONE, best(list, 1, 10));
	EXPECT_EQ(NONE, best(list, 0, 0));
}

TEST_F(extents, best_is_not_the_last)
{
	static const struct pcibuf_extent list[] = {
		PAGES(5000, 3), PAGES(0, 600),
	};

	EXPECT_EQ(0, best(list, 2, 1));
}

/* The search for a better extent looks at a limited number of extents. */
TEST_F(extents, best_is_good_enough)
{
	static struct pcibuf_extent list[3000];
	unsigned int i;

	for (i = 0; i < 3000; i++)
		list[i].nr_pages = 4;
	list[0].nr_pages = 3;
	list[1000].nr_pages = 2;
	list[2900].nr_pages = 1;
	EXPECT_EQ(1000, best(list, 3000, 0));
}

/* A huge page is mapped and released as a whole. */
TEST_F(extents, best_takes_no_part_of_a_huge_page)
{
	static const struct pcibuf_extent list[] = { HUGE_PAGES(512, 4) };

	EXPECT_EQ(NONE, best(list, 1, 0));
	EXPECT_EQ(NONE, best(list, 1, 8));
}

TEST_F(extents, best_leaves_out_what_is_held)
{
	static const struct pcibuf_extent list[] = {
		HUGE_PAGES(512, 1), HUGE_PAGES(2048, 3),
	};

	hold(512);
	EXPECT_EQ(1, best(list, 2, HUGE));
	hold(2048);
	EXPECT_EQ(1, best(list, 2, HUGE));
	hold(2048 + 2 * SIZE);
	EXPECT_EQ(BUSY, best(list, 2, HUGE));
}

/* The search also finds extents before the place where it begins. */
TEST_F(extents, best_goes_round)
{
	static const struct pcibuf_extent list[] = {
		PAGES(0, 1), HUGE_PAGES(512, 1), HUGE_PAGES(2048, 1),
	};
	unsigned int cursor = 2;

	EXPECT_EQ(PCIBUF_FOUND, pcibuf_extents_best(list, 3, &cursor, HUGE,
						    SIZE, usable));
	EXPECT_EQ(2, cursor);
	EXPECT_EQ(PCIBUF_FOUND, pcibuf_extents_best(list, 3, &cursor, 0, 1,
						    usable));
	EXPECT_EQ(0, cursor);
}

/* A search ends even if very many extents are in use. */
TEST_F(extents, best_has_an_end)
{
	static struct pcibuf_extent list[5000];
	unsigned int i;

	for (i = 0; i < 5000; i++)
		list[i].nr_pages = 1;
	hold(0);
	EXPECT_EQ(BUSY, best(list, 5000, 0));
	/* Both ends of 1024 extents. */
	EXPECT_EQ(2 * 1024, nr_looks);
}

static unsigned int row(const struct pcibuf_extent *list, unsigned int nr,
			unsigned long nr_pages, unsigned int *first)
{
	return pcibuf_extents_row(list, nr, nr_pages, false, first, usable);
}

/* The same where the last page may be used in part. */
static unsigned int cut_row(const struct pcibuf_extent *list, unsigned int nr,
			    unsigned long nr_pages, unsigned int *first)
{
	return pcibuf_extents_row(list, nr, nr_pages, true, first, usable);
}

TEST_F(extents, row_of_several)
{
	static const struct pcibuf_extent list[] = {
		PAGES(0, 5), HUGE_PAGES(512, 2), PAGES(512 + 2 * SIZE, 7),
		HUGE_PAGES(4096, 4),
	};
	unsigned int first;

	EXPECT_EQ(1, row(list, 4, 3, &first));
	EXPECT_EQ(0, first);
	EXPECT_EQ(2, row(list, 4, 2 * SIZE + 7, &first));
	EXPECT_EQ(1, first);
	EXPECT_EQ(1, row(list, 4, 4 * SIZE, &first));
	EXPECT_EQ(3, first);
	EXPECT_EQ(0, row(list, 4, 5 * SIZE, &first));
	EXPECT_EQ(0, row(list, 0, 1, &first));
}

/* After base pages, huge pages would not be at multiples of their size. */
TEST_F(extents, row_keeps_huge_pages_in_place)
{
	static const struct pcibuf_extent list[] = {
		PAGES(510, 2), HUGE_PAGES(512, 1),
	};
	unsigned int first;

	EXPECT_EQ(0, row(list, 2, SIZE + 2, &first));
	EXPECT_EQ(1, row(list, 2, SIZE, &first));
	EXPECT_EQ(1, first);
}

/* A row ends within a huge page only if this is asked for, and the page can be used. */
TEST_F(extents, row_ends_with_whole_pages)
{
	static const struct pcibuf_extent list[] = {
		HUGE_PAGES(512, 2), PAGES(1536, 1), HUGE_PAGES(2048, 1),
	};
	unsigned int first;

	EXPECT_EQ(0, row(list, 1, SIZE + 1, &first));
	EXPECT_EQ(1, cut_row(list, 3, SIZE + 1, &first));
	EXPECT_EQ(0, first);
	EXPECT_EQ(2, cut_row(list, 3, 2 * SIZE + 1, &first));
	EXPECT_EQ(0, cut_row(list, 3, 2 * SIZE + 2, &first));
	hold(512);
	EXPECT_EQ(1, cut_row(list, 3, 1, &first));
	EXPECT_EQ(0, first);
	hold(1535);
	EXPECT_EQ(1, cut_row(list, 3, 1, &first));
	EXPECT_EQ(1, first);
	EXPECT_EQ(1, cut_row(list, 3, 2, &first));
	EXPECT_EQ(2, first);
}

TEST_F(extents, row_goes_on_behind_what_is_held)
{
	static const struct pcibuf_extent list[] = {
		HUGE_PAGES(512, 1), PAGES(1024, 512), HUGE_PAGES(1536, 1),
		PAGES(2048, 100),
	};
	unsigned int first;

	EXPECT_EQ(2, row(list, 4, 2 * SIZE, &first));
	EXPECT_EQ(0, first);
	hold(1030);
	EXPECT_EQ(2, row(list, 4, 600, &first));
	EXPECT_EQ(2, first);
	hold(2000);
	EXPECT_EQ(0, row(list, 4, 600, &first));
	/* Only the wanted part of the last extent has to be usable. */
	hold_nothing();
	hold(2090);
	EXPECT_EQ(4, row(list, 4, 3 * SIZE + 42, &first));
	EXPECT_EQ(0, row(list, 4, 3 * SIZE + 43, &first));
}

/* A row within a single extent is at either end of the extent. */
TEST_F(extents, row_of_one)
{
	static const struct pcibuf_extent list[] = { PAGES(0, 10) };
	unsigned int first;

	hold(1);
	EXPECT_EQ(1, row(list, 1, 8, &first));
	hold(8);
	EXPECT_EQ(0, row(list, 1, 8, &first));
}

TEST_HARNESS_MAIN
