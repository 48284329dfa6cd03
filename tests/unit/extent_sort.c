// SPDX-License-Identifier: GPL-2.0-only
/* Sorting of extents: module/lib/extent_sort.c on the host. */
#include <kselftest_harness.h>
#include <stdlib.h>
#include <time.h>

#include "lib/extent_sort.h"

/* 16 GiB of single pages. */
#define MANY	(4U << 20)

static unsigned long pauses;

static void pause_now(void)
{
	pauses++;
}

static unsigned long next_random(void)
{
	static unsigned long state = 1;

	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return state >> 20;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Sort @nr extents; return a sum that depends on each, or 0 where they are not sorted. */
static unsigned long sort_and_sum(struct pcibuf_extent *extents, unsigned int nr,
				  pcibuf_before_fn *before)
{
	struct pcibuf_extent *spare = malloc((nr + 1) * sizeof(*spare));
	struct pcibuf_extent *sorted;
	unsigned long sum = 1;
	unsigned int i;

	pauses = 0;
	sorted = pcibuf_extents_sort(extents, spare, nr, before, pause_now);
	for (i = 0; i < nr; i++) {
		sum += sorted[i].pfn * 31 + sorted[i].order;
		if (i && before(&sorted[i], &sorted[i - 1]))
			sum = 0;
	}
	free(spare);
	return sum;
}

static unsigned long sum_of(const struct pcibuf_extent *extents, unsigned int nr)
{
	unsigned long sum = 1;
	unsigned int i;

	for (i = 0; i < nr; i++)
		sum += extents[i].pfn * 31 + extents[i].order;
	return sum;
}

/* Every length, and lists that are sorted in parts. */
TEST(every_length)
{
	static struct pcibuf_extent list[300];
	unsigned int nr, kind, i;

	for (nr = 0; nr < 300; nr++)
		for (kind = 0; kind < 5; kind++) {
			unsigned long sum;

			for (i = 0; i < nr; i++) {
				unsigned long pfn[] = {
					i, nr - i, next_random(), i % 50,
					next_random() % 3,
				};

				list[i].pfn = pfn[kind];
				list[i].order = next_random() % 10;
			}
			sum = sum_of(list, nr);
			ASSERT_EQ(sum, sort_and_sum(list, nr,
						    pcibuf_before_by_address));
			ASSERT_EQ(sum, sort_and_sum(list, nr,
						    pcibuf_before_by_order));
		}
}

TEST(large_pages_come_first)
{
	struct pcibuf_extent list[] = {
		{ .pfn = 1, .nr_pages = 1 },
		{ .pfn = 8, .nr_pages = 8, .order = 3 },
		{ .pfn = 512, .nr_pages = 1, .order = 9 },
		{ .pfn = 2048, .nr_pages = 512, .order = 9 },
		{ .pfn = 1024, .nr_pages = 512, .order = 9 },
		{ .pfn = 0, .nr_pages = 1 },
	};
	static const unsigned long pfns[] = { 1024, 2048, 8, 0, 1, 512 };
	struct pcibuf_extent spare[6], *sorted;
	unsigned int i;

	sorted = pcibuf_extents_sort(list, spare, 6, pcibuf_before_by_order,
				     pause_now);
	/* The last page is used only in part. */
	for (i = 0; i < 6; i++)
		EXPECT_EQ(pfns[i], sorted[i].pfn);
}

/*
 * What was sorted by order consists of ten runs by address: four rounds, each of which
 * looks at each extent three times, and moves it once.
 */
TEST(runs_are_used)
{
	static struct pcibuf_extent list[100000];
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		list[i].pfn = i % 10000 * 10 + i / 10000;
		list[i].order = 9 - i / 10000;
	}
	ASSERT_NE(0, sort_and_sum(list, 100000, pcibuf_before_by_address));
	EXPECT_GT(18 * 100000 / 4096, pauses);
}

/* There is a pause for every few thousand steps, and not too many steps. */
static void check_many(struct __test_metadata *_metadata, const char *name,
		       unsigned long (*pfn_of)(unsigned long i))
{
	struct pcibuf_extent *list = malloc(MANY * sizeof(*list));
	unsigned long sum;
	unsigned int i;
	double begun;

	for (i = 0; i < MANY; i++)
		list[i] = (struct pcibuf_extent){ .pfn = pfn_of(i) };
	sum = sum_of(list, MANY);
	begun = now();
	EXPECT_EQ(sum, sort_and_sum(list, MANY, pcibuf_before_by_address));
	TH_LOG("%s: %u extents: %.1f s, %lu pauses", name, MANY, now() - begun,
	       pauses);
	/* 19 rounds of 4 steps, and the runs. */
	EXPECT_GT(100UL * MANY / 4096, pauses);
	EXPECT_LT(MANY / 4096, pauses);
	free(list);
}

static unsigned long any(unsigned long i)
{
	(void)i;
	return next_random();
}

static unsigned long falling(unsigned long i)
{
	return MANY - i;
}

/* The page allocator breaks blocks up, and gives their halves in turn. */
static unsigned long broken_blocks(unsigned long i)
{
	return (i & ~1023UL) + (i * 617 & 1023);
}

TEST(four_million)
{
	check_many(_metadata, "random", any);
	check_many(_metadata, "falling", falling);
	check_many(_metadata, "blocks", broken_blocks);
}

TEST_HARNESS_MAIN
