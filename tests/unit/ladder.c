// SPDX-License-Identifier: GPL-2.0-only
/* What an allocation in pieces tries next: module/lib/ladder.c on the host. */
#include <kselftest_harness.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/ladder.h"

#define HUGE	9
#define STEP	512UL
#define WAIT	8192UL

/**
 * struct machine - memory of a machine, by the way to allocate it
 * @pages: number of free pages of each order, without the narrowest zone
 * @low: number of free pages of each order in the narrowest zone
 * @largest: size of the largest available piece, in base pages
 * @pieces: number of available pieces
 * @quota: number of base pages that may be allocated
 * @said: a letter for each try: p page, c piece, l low; upper case: success
 */
struct machine {
	unsigned long pages[HUGE + 1];
	unsigned long low[HUGE + 1];
	unsigned long largest;
	unsigned int pieces;
	unsigned long quota;
	char said[4096];
};

static bool take(unsigned long *free)
{
	if (!*free)
		return false;
	--*free;
	return true;
}

static bool had(struct machine *machine, const struct pcibuf_ladder *ladder)
{
	unsigned long nr = pcibuf_ladder_nr(ladder);

	switch (ladder->rung) {
	case PCIBUF_RUNG_PIECE:
		if (!machine->pieces || nr > machine->largest)
			return false;
		machine->pieces--;
		return true;
	case PCIBUF_RUNG_LOW:
		return take(&machine->low[ladder->order]);
	default:
		/* Once the narrowest zone is in use, each page may come from it. */
		return take(&machine->pages[ladder->order]) ||
		       (!ladder->low && take(&machine->low[ladder->order]));
	}
}

static void say(struct machine *machine, enum pcibuf_rung rung, bool good)
{
	size_t len = strlen(machine->said);

	if (len + 1 < sizeof(machine->said))
		machine->said[len] = (good ? "PCL" : "pcl")[rung];
}

/* Return the number of base pages that are still wanted at the end. */
static unsigned long fill(struct machine *machine, struct pcibuf_ladder *ladder,
			  unsigned long left)
{
	while (left) {
		unsigned long nr;
		bool good;

		pcibuf_ladder_begin(ladder, left);
		for (;;) {
			nr = pcibuf_ladder_nr(ladder);
			if (nr > machine->quota) {
				pcibuf_ladder_over_quota(ladder);
			} else {
				good = had(machine, ladder);
				say(machine, ladder->rung, good);
				if (good)
					break;
				pcibuf_ladder_failed(ladder);
			}
			if (ladder->rung == PCIBUF_RUNG_END)
				return left;
		}
		pcibuf_ladder_took(ladder);
		machine->quota -= nr;
		left -= nr;
	}
	return 0;
}

static struct pcibuf_ladder wide(void)
{
	return (struct pcibuf_ladder){
		.order = HUGE,
		.top = HUGE,
		.wait = WAIT,
		.pieces = 64,
		.step = STEP,
	};
}

static struct pcibuf_ladder narrow(void)
{
	return (struct pcibuf_ladder){
		.order = HUGE,
		.top = HUGE,
		.wait = WAIT,
		.piece = ULONG_MAX,
		.pieces = 64,
		.step = STEP,
		.low = true,
	};
}

TEST(huge_pages_then_the_rest)
{
	struct machine machine = {
		.pages = { [0] = 9, [1] = 9, [2] = 9, [HUGE] = 9 },
		.quota = ULONG_MAX,
	};
	struct pcibuf_ladder ladder = wide();

	EXPECT_EQ(0, fill(&machine, &ladder, 2 * STEP + 7));
	EXPECT_EQ(7, machine.pages[HUGE]);
	EXPECT_EQ(8, machine.pages[2]);
	EXPECT_EQ(8, machine.pages[1]);
	EXPECT_EQ(8, machine.pages[0]);
}

/* An order without a free page is not soon tried again. */
TEST(order_falls)
{
	struct machine machine = {
		.pages = { [0] = 5000, [3] = 2, [HUGE] = 1 },
		.quota = ULONG_MAX,
	};
	struct pcibuf_ladder ladder = wide();

	EXPECT_EQ(0, fill(&machine, &ladder, 3 * STEP));
	EXPECT_EQ(0, machine.pages[HUGE]);
	EXPECT_EQ(0, machine.pages[3]);
	EXPECT_EQ(0, strncmp(machine.said, "PppppppPPppp", 12));
	EXPECT_EQ(NULL, strchr(machine.said + 12, 'p'));
}

/* After many small pages the largest order is tried again, and each time later. */
TEST(order_climbs_again)
{
	struct machine machine = { .pages = { [0] = 70000 }, .quota = ULONG_MAX };
	struct pcibuf_ladder ladder = wide();
	unsigned long left = 70000;
	unsigned int tries = 0;

	while (left) {
		machine.said[0] = '\0';
		pcibuf_ladder_begin(&ladder, left);
		tries += ladder.order == HUGE;
		while (!had(&machine, &ladder))
			pcibuf_ladder_failed(&ladder);
		pcibuf_ladder_took(&ladder);
		left--;
	}
	/* At the beginning, and after 8192, 24576 and 57344 pages. */
	EXPECT_EQ(4, tries);
}

/* What somebody frees in the midst is used. */
TEST(order_stays_up)
{
	struct machine machine = {
		.pages = { [0] = WAIT, [HUGE] = 0 }, .quota = ULONG_MAX,
	};
	struct pcibuf_ladder ladder = wide();

	EXPECT_EQ(0, fill(&machine, &ladder, WAIT));
	machine.pages[HUGE] = 9;
	EXPECT_EQ(0, fill(&machine, &ladder, 9 * STEP));
	EXPECT_EQ(0, machine.pages[HUGE]);
}

TEST(nothing_left_is_the_end)
{
	struct machine machine = { .pages = { [0] = 3 }, .quota = ULONG_MAX };
	struct pcibuf_ladder ladder = wide();

	EXPECT_EQ(5, fill(&machine, &ladder, 8));
	EXPECT_EQ(PCIBUF_RUNG_END, ladder.rung);
}

/* For a card that reaches all memory, no pages are moved to make pieces. */
TEST(wide_cards_take_no_piece)
{
	struct machine machine = {
		.pages = { [0] = 10 }, .largest = ULONG_MAX, .pieces = 9,
		.quota = ULONG_MAX,
	};
	struct pcibuf_ladder ladder = wide();

	EXPECT_EQ(0, fill(&machine, &ladder, 10));
	EXPECT_EQ(9, machine.pieces);
}

/* Pieces come before the narrowest zone. Each piece is as large as possible. */
TEST(pieces_before_the_narrowest_zone)
{
	struct machine machine = {
		.low = { [HUGE] = 9 }, .largest = 4 * STEP, .pieces = 2,
		.quota = ULONG_MAX,
	};
	struct pcibuf_ladder ladder = narrow();

	EXPECT_EQ(0, fill(&machine, &ladder, 9 * STEP));
	EXPECT_EQ(0, machine.pieces);
	EXPECT_EQ(8, machine.low[HUGE]);
	/*
	 * A piece of 9 steps fails, 4 steps succeed. 5 steps are left: 4 succeed.
	 * The last step fails, and comes from the narrowest zone.
	 */
	EXPECT_STREQ("pcCpCpcL", machine.said);
}

/* A failed piece is halved, in whole steps. Larger pieces are not tried again. */
TEST(pieces_are_halved)
{
	struct pcibuf_ladder ladder = narrow();

	pcibuf_ladder_begin(&ladder, 11 * STEP);
	pcibuf_ladder_failed(&ladder);
	EXPECT_EQ(11 * STEP, pcibuf_ladder_nr(&ladder));
	pcibuf_ladder_failed(&ladder);
	EXPECT_EQ(5 * STEP, pcibuf_ladder_nr(&ladder));
	pcibuf_ladder_failed(&ladder);
	EXPECT_EQ(2 * STEP, pcibuf_ladder_nr(&ladder));
	pcibuf_ladder_failed(&ladder);
	EXPECT_EQ(STEP, pcibuf_ladder_nr(&ladder));
	EXPECT_EQ(PCIBUF_RUNG_PIECE, ladder.rung);
	pcibuf_ladder_failed(&ladder);
	EXPECT_EQ(PCIBUF_RUNG_LOW, ladder.rung);
	pcibuf_ladder_begin(&ladder, 11 * STEP);
	pcibuf_ladder_failed(&ladder);
	EXPECT_NE(PCIBUF_RUNG_PIECE, ladder.rung);
}

TEST(pieces_are_counted)
{
	struct machine machine = {
		.largest = STEP, .pieces = 100, .low = { [0] = 100 },
		.quota = ULONG_MAX,
	};
	struct pcibuf_ladder ladder = narrow();

	ladder.pieces = 3;
	EXPECT_EQ(7 * STEP - 100, fill(&machine, &ladder, 10 * STEP));
	EXPECT_EQ(97, machine.pieces);
}

/* Once the narrowest zone is in use, each page may come from it. */
TEST(the_narrowest_zone_is_the_last)
{
	struct machine machine = {
		.low = { [0] = 4, [1] = 1, [HUGE] = 2 }, .quota = ULONG_MAX,
	};
	struct pcibuf_ladder ladder = narrow();

	EXPECT_EQ(0, fill(&machine, &ladder, 2 * STEP + 6));
	EXPECT_FALSE(ladder.low);
	EXPECT_EQ(1, strspn(strchr(machine.said, 'L'), "L"));
}

/* A full cgroup gets no piece, and goes on with the rest of the ladder. */
TEST(a_full_cgroup_has_no_piece)
{
	struct pcibuf_ladder ladder = narrow();

	pcibuf_ladder_begin(&ladder, STEP);
	pcibuf_ladder_failed(&ladder);
	EXPECT_EQ(PCIBUF_RUNG_PIECE, ladder.rung);
	pcibuf_ladder_no_pieces(&ladder);
	EXPECT_EQ(PCIBUF_RUNG_LOW, ladder.rung);
	pcibuf_ladder_failed(&ladder);
	EXPECT_EQ(PCIBUF_RUNG_PAGE, ladder.rung);
	EXPECT_EQ(HUGE - 1, ladder.order);
	pcibuf_ladder_failed(&ladder);
	EXPECT_EQ(HUGE - 2, ladder.order);
}

/* If an order is over the quota, smaller pages may be in quarantine. */
TEST(over_quota_goes_on_with_smaller_pages)
{
	struct machine machine = {
		.pages = { [0] = 99, [3] = 99, [HUGE] = 9 }, .quota = 10,
	};
	struct pcibuf_ladder ladder = wide();

	EXPECT_EQ(STEP - 10, fill(&machine, &ladder, STEP));
	EXPECT_EQ(9, machine.pages[HUGE]);
	EXPECT_EQ(98, machine.pages[3]);
	EXPECT_EQ(97, machine.pages[0]);
}

/*
 * On any machine the ladder ends: there are at most as many tries as there are
 * orders, pieces and pages.
 */
TEST(any_machine_ends)
{
	unsigned int seed;

	for (seed = 0; seed < 2000; seed++) {
		struct machine machine = { .quota = seed % 7 ? ULONG_MAX : 700 };
		struct pcibuf_ladder ladder = seed % 2 ? wide() : narrow();
		unsigned long left, want = seed * 37 % (20 * STEP) + 1;
		unsigned int i;

		for (i = 0; i <= HUGE; i++) {
			machine.pages[i] = (seed >> i) % 4;
			machine.low[i] = (seed >> (i / 2)) % 3;
		}
		machine.largest = seed % 5 * STEP;
		machine.pieces = seed % 4;
		left = fill(&machine, &ladder, want);
		ASSERT_LE(left, want);
		ASSERT_TRUE(!left || ladder.rung == PCIBUF_RUNG_END);
		ASSERT_GT(400, strlen(machine.said));
	}
}

TEST_HARNESS_MAIN
