// SPDX-License-Identifier: GPL-2.0-only
/* Searches for a contiguous range: module/lib/spans.c on the host. */
#include <kselftest_harness.h>
#include <linux/limits.h>
#include <stdlib.h>

#include "lib/spans.h"

#define STEP	512
#define NEVER	PCIBUF_COST_NEVER

/* The cost of a span is the sum of the costs of its blocks. */
static size_t cheapest(const u16 *costs, size_t nr, size_t need, size_t align)
{
	u64 cost = 0, sum = 0;
	size_t i, at;

	at = pcibuf_span_cheapest(costs, nr, need, align, &cost);
	for (i = at; at < nr && i < at + need; i++)
		sum += costs[i];
	if (sum != cost)
		abort();
	return at;
}

TEST(neighbours_anywhere)
{
	static const unsigned long pfns[] = {
		512, 1024, 2048, 2560, 3072, 4096, 4608, 5120, 5632,
	};
	size_t nr = ARRAY_SIZE(pfns);

	EXPECT_EQ(0, pcibuf_span_neighbours(pfns, nr, STEP, 1));
	EXPECT_EQ(0, pcibuf_span_neighbours(pfns, nr, STEP, 2));
	EXPECT_EQ(2, pcibuf_span_neighbours(pfns, nr, STEP, 3));
	EXPECT_EQ(5, pcibuf_span_neighbours(pfns, nr, STEP, 4));
	EXPECT_EQ(nr, pcibuf_span_neighbours(pfns, nr, STEP, 5));
}

TEST(neighbours_of_few)
{
	static const unsigned long pfns[] = { 0, 512 };

	EXPECT_EQ(0, pcibuf_span_neighbours(pfns, 0, STEP, 1));
	EXPECT_EQ(1, pcibuf_span_neighbours(pfns, 1, STEP, 2));
	EXPECT_EQ(0, pcibuf_span_neighbours(pfns, 2, STEP, 2));
	EXPECT_EQ(2, pcibuf_span_neighbours(pfns, 2, STEP, 3));
}

/* A block that is listed twice is not its own neighbour. */
TEST(neighbours_are_distinct)
{
	static const unsigned long pfns[] = { 0, 0, 512, 512 };

	EXPECT_EQ(1, pcibuf_span_neighbours(pfns, 4, STEP, 2));
	EXPECT_EQ(4, pcibuf_span_neighbours(pfns, 4, STEP, 3));
}

/* A caller may use the lowest bits of each number. */
TEST(neighbours_with_marks)
{
	static const unsigned long pfns[] = { 512, 1025, 1536, 2049, 3072 };

	EXPECT_EQ(0, pcibuf_span_neighbours(pfns, 5, STEP, 4));
	EXPECT_EQ(5, pcibuf_span_neighbours(pfns, 5, STEP, 5));
}

TEST(natural_neighbours)
{
	static const unsigned long pfns[] = {
		512, 1024, 1536, 2048, 2560, 3072, 3584, 5120,
	};
	size_t nr = ARRAY_SIZE(pfns);

	EXPECT_EQ(0, pcibuf_span_natural_neighbours(pfns, nr, STEP, 1, 0));
	EXPECT_EQ(1, pcibuf_span_natural_neighbours(pfns, nr, STEP, 2, 0));
	/* Three blocks are aligned as four. */
	EXPECT_EQ(3, pcibuf_span_natural_neighbours(pfns, nr, STEP, 3, 0));
	EXPECT_EQ(3, pcibuf_span_natural_neighbours(pfns, nr, STEP, 4, 0));
	EXPECT_EQ(nr, pcibuf_span_natural_neighbours(pfns, nr, STEP, 5, 0));
	EXPECT_EQ(nr, pcibuf_span_natural_neighbours(pfns, nr, STEP, 8, 0));
	/* The bus address counts. */
	EXPECT_EQ(0, pcibuf_span_natural_neighbours(pfns, nr, STEP, 4, 1536));
	EXPECT_EQ(0, pcibuf_span_natural_neighbours(pfns, nr, STEP, 4, -512UL));
	EXPECT_EQ(nr, pcibuf_span_natural_neighbours(pfns, nr, STEP, 2, 1));
	EXPECT_EQ(0, pcibuf_span_natural_neighbours(pfns, 0, STEP, 2, 0));
}

TEST(natural_of_the_same_cost)
{
	static u16 costs[] = { 1, 0, 0, 0, 0, 0, 0, 0, 0, NEVER };
	struct pcibuf_span_search search = {
		.costs = costs, .nr = 10, .need = 3, .align = 1, .natural = 4,
	};

	EXPECT_EQ(4, pcibuf_span_natural(&search, 1, 0));
	search.lead = 1;
	EXPECT_EQ(3, pcibuf_span_natural(&search, 1, 0));
	search.lead = 7;
	EXPECT_EQ(1, pcibuf_span_natural(&search, 1, 0));
	EXPECT_EQ(1, pcibuf_span_natural(&search, 2, 0));
	/* None of that cost: what was found stays. */
	search.lead = 0;
	costs[5] = 1;
	EXPECT_EQ(1, pcibuf_span_natural(&search, 1, 0));
	costs[5] = NEVER;
	EXPECT_EQ(1, pcibuf_span_natural(&search, 1, 0));
	costs[5] = 0;
	/* No other alignment than the one that is a must, and nothing found. */
	search.align = 4;
	EXPECT_EQ(0, pcibuf_span_natural(&search, 0, 1));
	EXPECT_EQ(10, pcibuf_span_natural(&search, 10, 0));
	/* Not beyond the last block. */
	search.align = 1;
	search.lead = 3;
	search.nr = 2;
	EXPECT_EQ(0, pcibuf_span_natural(&search, 0, 0));
}

/* A row that must be at even blocks is found at one. */
TEST(natural_keeps_the_alignment)
{
	static u16 costs[16];
	struct pcibuf_span_search search = {
		.costs = costs, .nr = 16, .need = 4, .align = 2, .natural = 4,
	};

	search.lead = 2;
	EXPECT_EQ(2, pcibuf_span_natural(&search, 0, 0));
	search.lead = 1;
	EXPECT_EQ(0, pcibuf_span_natural(&search, 0, 0));
}

TEST(cheapest_wins)
{
	static const u16 costs[] = { 5, 5, 5, 1, 2, 9, 0, 3, 3 };
	size_t nr = ARRAY_SIZE(costs);

	EXPECT_EQ(6, cheapest(costs, nr, 1, 1));
	EXPECT_EQ(3, cheapest(costs, nr, 2, 1));
	EXPECT_EQ(6, cheapest(costs, nr, 3, 1));
	EXPECT_EQ(3, cheapest(costs, nr, 5, 1));
	EXPECT_EQ(0, cheapest(costs, nr, nr, 1));
	EXPECT_EQ(nr, cheapest(costs, nr, nr + 1, 1));
}

TEST(cheapest_keeps_off_never)
{
	static const u16 costs[] = { 0, NEVER, 7, 7, 7, NEVER, 0, 0 };
	size_t nr = ARRAY_SIZE(costs);

	EXPECT_EQ(6, cheapest(costs, nr, 2, 1));
	EXPECT_EQ(2, cheapest(costs, nr, 3, 1));
	EXPECT_EQ(nr, cheapest(costs, nr, 4, 1));
}

TEST(cheapest_is_aligned)
{
	static const u16 costs[] = { 10, 0, 0, 8, 1, 1 };

	EXPECT_EQ(1, cheapest(costs, 6, 2, 1));
	EXPECT_EQ(4, cheapest(costs, 6, 2, 2));
	EXPECT_EQ(2, cheapest(costs, 6, 3, 2));
}

TEST(cheapest_of_nothing)
{
	static const u16 costs[] = { NEVER };

	EXPECT_EQ(0, cheapest(costs, 0, 1, 1));
	EXPECT_EQ(1, cheapest(costs, 1, 1, 1));
}

/* A sum of costs is larger than the type of one cost. */
TEST(sums_do_not_wrap)
{
	enum { NR = 1000 };
	u16 costs[NR];
	size_t i;

	for (i = 0; i < NR; i++)
		costs[i] = i < 300 ? NEVER - 1 : 400;
	EXPECT_EQ(300, cheapest(costs, NR, 290, 1));
}

/* Find the cheapest span by brute force, from the definition. */
static size_t slow_cheapest(const u16 *costs, size_t nr, size_t need,
			    size_t align)
{
	unsigned long least = ~0UL;
	size_t at, i, best = nr;

	for (at = 0; at + need <= nr; at += align) {
		unsigned long sum = 0;

		for (i = at; i < at + need; i++)
			sum += costs[i] == NEVER ? 1UL << 40 : costs[i];
		if (sum < 1UL << 40 && sum < least) {
			least = sum;
			best = at;
		}
	}
	return best;
}

TEST(agrees_with_the_definition)
{
	u16 costs[24];
	int round, i;

	srand(1);
	for (round = 0; round < 100000; round++) {
		size_t need = 1 + rand() % 6, align = 1 + rand() % 2;

		for (i = 0; i < 24; i++)
			costs[i] = rand() % 5 ? rand() % 512 : NEVER;
		ASSERT_EQ(slow_cheapest(costs, 24, need, align),
			  cheapest(costs, 24, need, align));
	}
}

/* Return a search for two blocks in a row among @nr blocks. */
static struct pcibuf_span_search search_of(u16 *costs, size_t nr)
{
	return (struct pcibuf_span_search){
		.costs = costs,
		.nr = nr,
		.need = 2,
		.align = 1,
		.moves = 1000,
	};
}

TEST(cost_of_some_blocks)
{
	u16 costs[] = { 1, 2, NEVER, 4, 5 };
	struct pcibuf_span_search search = search_of(costs, 5);

	EXPECT_EQ(3, pcibuf_span_cost(&search, 0, 2));
	EXPECT_EQ(2, pcibuf_span_cost(&search, 1, 1));
	EXPECT_EQ(U64_MAX, pcibuf_span_cost(&search, 1, 2));
	EXPECT_EQ(U64_MAX, pcibuf_span_cost(&search, 2, 1));
	EXPECT_EQ(9, pcibuf_span_cost(&search, 3, 2));
}

/* What was moved for a slice is no longer left to move, and nobody else finds it. */
TEST(took)
{
	u16 costs[] = { 1, 2, 4, 8 };
	struct pcibuf_span_search search = search_of(costs, 4);

	pcibuf_span_took(&search, 1, 2);
	EXPECT_EQ(994, search.moves);
	EXPECT_EQ(1, costs[0]);
	EXPECT_EQ(NEVER, costs[1]);
	EXPECT_EQ(NEVER, costs[2]);
	EXPECT_EQ(8, costs[3]);
}

/* A slice whose cost did not fall uses up none of the allowed moves. */
TEST(refused)
{
	u16 costs[] = { 0, 7, NEVER, 3 };
	struct pcibuf_span_search search = search_of(costs, 4);

	EXPECT_EQ(7, pcibuf_span_refused(&search, 0, 2, 7));
	EXPECT_EQ(1000, search.moves);
	EXPECT_EQ(7, pcibuf_span_refused(&search, 0, 2, 20));
	EXPECT_EQ(980, search.moves);
	EXPECT_EQ(U64_MAX, pcibuf_span_refused(&search, 1, 2, 10));
	EXPECT_EQ(970, search.moves);
	EXPECT_EQ(7, costs[1]);
}

/* If more pages moved than allowed, the count does not underflow. */
TEST(refused_at_the_end_of_the_effort)
{
	u16 costs[] = { 0, 9 };
	struct pcibuf_span_search search = search_of(costs, 2);

	search.moves = 5;
	pcibuf_span_refused(&search, 0, 2, 30);
	EXPECT_EQ(0, search.moves);
}

/* The first block that is not empty holds the page that would not move. */
TEST(give_up_in_the_midst)
{
	u16 costs[] = { 3, 0, 7, 3, 3 };
	struct pcibuf_span_search search = search_of(costs, 5);

	pcibuf_span_give_up(&search, 1, 3, 20);
	EXPECT_EQ(3, costs[0]);
	EXPECT_EQ(0, costs[1]);
	EXPECT_EQ(NEVER, costs[2]);
	EXPECT_EQ(3, costs[3]);
	EXPECT_EQ(3, costs[4]);
}

/* If all blocks are empty, it was the last. */
TEST(give_up_where_all_is_empty)
{
	u16 costs[] = { 0, 0, 3 };
	struct pcibuf_span_search search = search_of(costs, 3);

	pcibuf_span_give_up(&search, 0, 2, 5);
	EXPECT_EQ(0, costs[0]);
	EXPECT_EQ(NEVER, costs[1]);
	EXPECT_EQ(3, costs[2]);
}

/* No page was moved: the slice is given up as a whole, and nothing beside it. */
TEST(give_up_as_a_whole)
{
	u16 costs[] = { 1, 1, 1, 1 };
	struct pcibuf_span_search search = search_of(costs, 4);

	pcibuf_span_give_up(&search, 1, 2, 2);
	EXPECT_EQ(1, costs[0]);
	EXPECT_EQ(NEVER, costs[1]);
	EXPECT_EQ(NEVER, costs[2]);
	EXPECT_EQ(1, costs[3]);
}

/* The caller has updated the cost: the page that cannot be moved is known. */
TEST(give_up_and_seen_why)
{
	u16 costs[] = { 1, NEVER, 1 };
	struct pcibuf_span_search search = search_of(costs, 3);

	pcibuf_span_give_up(&search, 0, 3, 5);
	EXPECT_EQ(1, costs[0]);
	EXPECT_EQ(1, costs[2]);
}

TEST_HARNESS_MAIN
