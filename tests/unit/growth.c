// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pure parts of module/lib at the sizes of a large machine: 1 TiB of huge pages, and
 * 64 GiB of single pages. The steps that each part takes grow no faster than n log n.
 * The compiler counts the steps: it calls a function in each basic block
 * (-fsanitize-coverage=trace-pc). So the result is the same on every machine.
 */
#include <kselftest_harness.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/extent_list.h"
#include "lib/ladder.h"
#include "lib/segments.h"
#include "lib/spans.h"
#include "lib/zone_share.h"

#define SINGLE_PAGES	16777216UL	/* 64 GiB of 4 KiB */
#define HUGE_PAGES	524288UL	/* 1 TiB of 2 MiB */
#define HUGE		9
#define SMALLER		16		/* how many times smaller the other run is */

static unsigned long steps;

/* The compiler declares this function. */
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void)
{
	steps++;
}

static unsigned int log_2(unsigned long n)
{
	unsigned int log = 0;

	while (n >>= 1)
		log++;
	return log;
}

/* Steps for n log n of the work, in thousandths. */
static unsigned long per_unit(void (*work)(unsigned long n), unsigned long n)
{
	steps = 0;
	work(n);
	return steps * 1000 / (n * log_2(n));
}

/* How the steps grow, in percent: 100 for n log n, and less for n. */
static unsigned long growth(const char *name, void (*work)(unsigned long n),
			    unsigned long n)
{
	unsigned long small = per_unit(work, n / SMALLER);
	unsigned long large = per_unit(work, n);

	printf("# %s: %lu.%03lu steps for n log n of the work, then %lu.%03lu\n",
	       name, small / 1000, small % 1000, large / 1000, large % 1000);
	fflush(stdout);
	return large * 100 / small;
}

#define EXPECT_GROWTH(work, n)	EXPECT_GE(105, growth(#work, work, n))

static void *take(size_t nr, size_t size)
{
	void *mem = calloc(nr, size);

	if (!mem)
		abort();
	return mem;
}

static bool any_page(unsigned long pfn, unsigned long nr_pages,
		     unsigned int order)
{
	(void)pfn;
	(void)nr_pages;
	(void)order;
	return true;
}

/* A list of single pages, no two of which lie together. */
static struct pcibuf_extent *list_of(unsigned long n, unsigned int order,
				     unsigned long first)
{
	struct pcibuf_extent *list = take(n, sizeof(*list));
	unsigned int nr = 0;
	unsigned long i;

	for (i = 0; i < n; i++) {
		struct pcibuf_extent extent = {
			.pfn = (first + 4 * i) << order,
			.nr_pages = 1UL << order,
			.first = i << order,
			.order = order,
		};

		nr = pcibuf_extents_append(list, nr, &extent);
	}
	if (nr != n)
		abort();
	return list;
}

static void append(unsigned long n)
{
	free(list_of(n, 0, 0));
}

static void find_each(unsigned long n)
{
	struct pcibuf_extent *list = list_of(n, HUGE, 0);
	unsigned long i;

	for (i = 0; i < n; i++)
		if (pcibuf_extents_find(list, n, i << HUGE) != i)
			abort();
	free(list);
}

static void merge(unsigned long n)
{
	struct pcibuf_extent *a = list_of(n / 2, HUGE, 0);
	struct pcibuf_extent *b = list_of(n / 2, HUGE, 2);
	struct pcibuf_extent *out = take(n, sizeof(*out));
	unsigned int nr;

	pcibuf_extents_merge(out, &nr, a, n / 2, b, n / 2);
	if (nr != n)
		abort();
	free(a);
	free(b);
	free(out);
}

/*
 * All pages of a list of single pages are taken, as an allocation in pieces takes them
 * out of quarantine: at first it asks for larger pages.
 */
static void take_again(unsigned long n)
{
	struct pcibuf_ladder ladder = { .order = HUGE, .step = 1UL << HUGE };
	struct pcibuf_extent *list = list_of(n, 0, 0);
	unsigned int cursor = 0;
	unsigned long left = n;

	while (left) {
		struct pcibuf_extent out;

		pcibuf_ladder_begin(&ladder, left);
		while (pcibuf_extents_best(list, n, &cursor, ladder.order,
					   pcibuf_ladder_nr(&ladder),
					   any_page) != PCIBUF_FOUND)
			pcibuf_ladder_failed(&ladder);
		if (ladder.rung == PCIBUF_RUNG_END)
			abort();
		pcibuf_extent_cut_end(&list[cursor], pcibuf_ladder_nr(&ladder),
				      &out, any_page);
		pcibuf_ladder_took(&ladder);
		left -= out.nr_pages;
	}
	free(list);
}

/* A row of @n blocks is sought, and the longest has one less. */
static void neighbours(unsigned long n)
{
	unsigned long *pfns = take(n, sizeof(*pfns));
	unsigned long i;

	for (i = 0; i < n; i++)
		pfns[i] = i + (i >= n / 2);
	if (pcibuf_span_neighbours(pfns, n, 1, n / 2 + 1) != n)
		abort();
	free(pfns);
}

/* Blocks of one claim, as SLICE_SIZE of contig_zone.c. */
#define SLICE	32

/* Blocks that cost different amounts; the kernel refuses each row that is found. */
static void cheapest(unsigned long n)
{
	struct pcibuf_span_search search = {
		.costs = take(n, sizeof(*search.costs)),
		.nr = n,
		.need = n / 64,
		.align = 1,
		.moves = n * 512,
	};
	unsigned long i, at;
	u64 cost;

	for (i = 0; i < n; i++)
		search.costs[i] = i * 7919 % 512;
	for (i = 0; i < 16; i++) {
		at = pcibuf_span_cheapest(search.costs, n, search.need,
					  search.align, &cost);
		if (at == n)
			break;
		if (pcibuf_span_cost(&search, at, search.need) != cost)
			abort();
		/* The first slice of the row. */
		cost = pcibuf_span_cost(&search, at, SLICE);
		cost = pcibuf_span_refused(&search, at, SLICE, cost);
		pcibuf_span_give_up(&search, at, SLICE, cost);
	}
	free(search.costs);
}

/* No two ranges are adjacent. */
static struct pcibuf_segment *segments_of(unsigned long n)
{
	struct pcibuf_segment *out = take(n, sizeof(*out));
	struct pcibuf_coalescer c = { .out = out };
	unsigned long i;

	for (i = 0; i < n; i++)
		pcibuf_coalesce(&c, 8192 * i, 4096);
	if (c.nr != n)
		abort();
	return out;
}

static void coalesce(unsigned long n)
{
	free(segments_of(n));
}

/* The list is read a page at a time. */
static void read_text(unsigned long n)
{
	struct pcibuf_segment *list = segments_of(n);
	char text[4096];
	u64 pos = 0;
	size_t len;

	do {
		len = pcibuf_segments_text(list, n, text, pos, sizeof(text));
		pos += len;
	} while (len);
	free(list);
}

/* The zones of @n nodes. */
static void zones(unsigned long n)
{
	struct pcibuf_in_play in_play = { .total = n << 20, .used = n << 20 };
	struct pcibuf_zone_use zone = { .managed = 1 << 20, .free = 1 << 19 };
	u64 sum = 0;

	while (n--)
		sum += pcibuf_zone_available(&zone) +
		       pcibuf_zone_share(&zone, &in_play) +
		       pcibuf_zone_emptiable(&zone, &in_play);
	if (!sum)
		abort();
}

static void square(unsigned long n)
{
	volatile unsigned long sum = 0;
	unsigned long i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			if (i & j)
				sum = sum + 1;
}

/* This test can fail: it sees a square for what it is. */
TEST(a_square_is_seen)
{
	EXPECT_LT(1000, growth("square", square, 4096));
}

TEST(extents)
{
	EXPECT_GROWTH(append, SINGLE_PAGES);
	EXPECT_GROWTH(find_each, HUGE_PAGES);
	EXPECT_GROWTH(merge, HUGE_PAGES);
}

TEST(pages_taken_again)
{
	EXPECT_GROWTH(take_again, SINGLE_PAGES);
}

TEST(spans)
{
	EXPECT_GROWTH(neighbours, HUGE_PAGES);
	EXPECT_GROWTH(cheapest, HUGE_PAGES);
}

TEST(lists_of_segments)
{
	EXPECT_GROWTH(coalesce, SINGLE_PAGES);
	EXPECT_GROWTH(read_text, HUGE_PAGES);
}

TEST(zones_of_nodes)
{
	EXPECT_GROWTH(zones, 1024);
}

TEST_HARNESS_MAIN
