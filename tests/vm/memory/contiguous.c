// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous memory of hundreds of MiB, while files fill half of the memory and the rest
 * is fragmented. Needs a guest of 2 GiB with an ext4 disk and without an IOMMU, where
 * bus addresses tell where the memory is.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define LARGE		(512 * MIB)
#define HUGE_ORDER	9
#define LEAVE		(96 * MIB)	/* free while the rest is filled */
#define STRIDE		16
#define ROUNDS		64
#define TRIES		4		/* of a request */

static struct pile piles[] = {
	{ LOAD_TMPFS "/file", 592 * MIB, 1, 0 },
	{ LOAD_CACHE "/file", 384 * MIB, 2, 0 },
	{ LOAD_TMPFS "/comb", 0, 3, 0 },
};

FIXTURE(contiguous) {
	struct card card;
	struct reach reach;
	struct snapshot before;
};

/* Every test is a process of its own. The first test makes the piles, and they stay. */
static int load(void)
{
	size_t i;
	int err = load_mount();

	for (i = 0; !err && i < 2; i++)
		if (access(piles[i].path, F_OK))
			err = pile_make(&piles[i]);
	return err;
}

FIXTURE_SETUP(contiguous)
{
	struct card *card = &self->card;

	ASSERT_EQ(0, card_get(0, card));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(card, "max_bytes", "1T"));
	ASSERT_EQ(0, load());
	ASSERT_EQ(0, load_comb(&piles[2], LEAVE, STRIDE));
	TH_LOG("%llu of %llu MiB are free, %llu in blocks of 2 MiB",
	       mem_free() / MIB, mem_total() / MIB,
	       free_in_blocks(HUGE_ORDER) * PAGE / MIB);
	EXPECT_GT(mem_total() / 10, free_in_blocks(HUGE_ORDER) * PAGE);
	snapshot(card, &self->before);
	ASSERT_EQ(0, reach_open(card, &self->reach));
}

static void check_piles(struct __test_metadata *_metadata)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(piles); i++)
		EXPECT_EQ(-1, pile_mismatch(&piles[i])) {
			TH_LOG("%s is not what it was", piles[i].path);
		}
}

FIXTURE_TEARDOWN(contiguous)
{
	reach_close(&self->reach);
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	check_piles(_metadata);
	EXPECT_EQ(0, unlink(piles[2].path));
}

/* The card reaches the first byte, the last byte and some bytes between. */
static void check_reach(struct __test_metadata *_metadata,
			struct reach *reach, struct buf *rx, __u64 bus)
{
	size_t places[] = {
		0, PAGE, HUGE_PAGE - 1, rx->size / 2, rx->size / 3 * 2,
		rx->size - 1,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		EXPECT_EQ(0, reaches(reach, bus + places[i],
				     rx->mem + places[i])) {
			TH_LOG("at %#zx of a buffer at %#llx", places[i], bus);
		}
}

/*
 * Allocate a buffer rx, and say in @stretch what can be moved. A page that is being read
 * or written, or that somebody holds for a moment, cannot be moved, and nobody else can
 * tell. Therefore a request that is refused although there is a range is repeated: a range
 * that is there all the time must be found. Return 0 or an errno.
 */
static int ask(const struct card *card, unsigned int mib, __u64 *stretch,
	       unsigned int *again)
{
	int err, tries = 0;

	for (;;) {
		*stretch = longest_stretch();
		err = card_write(card, "alloc", "%uM rx", mib);
		if (err != ENOMEM || *stretch < mib * MIB || ++tries == TRIES)
			return err;
		++*again;
		sleep(1);
	}
}

/*
 * If a range exists, the driver must find it. In rare boots, every range of that length
 * has something unmovable. The test then skips with this reason.
 */
TEST_F_TIMEOUT(contiguous, one_segment, 120)
{
	struct card *card = &self->card;
	unsigned int again = 0;
	struct pcibuf_info info;
	struct buf rx;
	__u64 stretch;
	int err;

	err = ask(card, LARGE / MIB, &stretch, &again);
	TH_LOG("%llu MiB can be moved in one stretch", stretch / MIB);
	if (err == ENOMEM && stretch < LARGE)
		SKIP(return, "something unmovable lies in every stretch of 512 MiB");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, buf_get(card, "rx", LARGE, &rx));
	EXPECT_EQ(1, attr_u64(buf_attr(card, "rx", "nr_segments")));
	ASSERT_EQ(0, buf_info(rx.fd, &info));
	EXPECT_EQ(1, info.nr_segments);
	EXPECT_EQ(PCIBUF_BACKING_PAGES, info.backing);
	EXPECT_EQ(info.dma_addr, attr_u64(buf_attr(card, "rx", "dma_addr")));
	EXPECT_EQ(-1, nonzero(rx.mem, LARGE));
	EXPECT_EQ(-1, displaced(rx.mem, LARGE, info.dma_addr));
	check_reach(_metadata, &self->reach, &rx, info.dma_addr);
	buf_put(&rx);
}

/* A refusal must be ENOMEM and must give the reason. */
static void check_refusal(struct __test_metadata *_metadata,
			  const struct card *card, unsigned int mib, int err)
{
	char text[1024] = "";

	EXPECT_EQ(ENOMEM, err);
	EXPECT_EQ(0, attr_read(card_attr(card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, pathf("%uM", mib))) {
		TH_LOG("\"%s\" is not of %uM", text, mib);
	}
	EXPECT_NE(NULL, strstr(text, "ENOMEM"));
}

static bool round_of(struct __test_metadata *_metadata,
		     const struct card *card, unsigned int mib,
		     unsigned int *again)
{
	__u64 stretch, bus;
	struct buf rx;
	int err = ask(card, mib, &stretch, again);

	if (err) {
		EXPECT_GT(mib * MIB, stretch) {
			TH_LOG("%uM was refused %d times", mib, TRIES);
		}
		check_refusal(_metadata, card, mib, err);
	} else {
		ASSERT_EQ(0, buf_get(card, "rx", mib * MIB, &rx));
		bus = attr_u64(buf_attr(card, "rx", "dma_addr"));
		EXPECT_NE(NO_NUMBER, bus);
		EXPECT_EQ(0, rx.mem[0] | rx.mem[rx.size - 1]);
		EXPECT_EQ(-1, misplaced(rx.mem, PAGE, bus));
		EXPECT_EQ(-1, misplaced(rx.mem + rx.size - PAGE, PAGE,
					bus + rx.size - PAGE));
		buf_put(&rx);
		EXPECT_EQ(0, card_write(card, "revoke", "rx"));
	}
	EXPECT_EQ(0, attr_u64(card_attr(card, "allocated_bytes")));
	return !err;
}

/*
 * Memory freed while the card is a bus master would be parked and used again. Revoke the
 * spare buffer, so that each round begins without parked memory.
 */
TEST_F_TIMEOUT(contiguous, repeated, 240)
{
	static const unsigned int sizes[] = {
		8, 16, 32, 48, 64, 96, 128, 192,
		256, 320, 384, 448, 512, 576, 640, 768,
	};
	int rounds = slowness() == 1 ? ROUNDS : ARRAY_SIZE(sizes);
	int i, made = 0, small = 0;
	unsigned int again = 0;

	EXPECT_EQ(0, card_write(&self->card, "revoke", "spare"));
	for (i = 0; i < rounds; i++) {
		/* Large and small sizes in turn. */
		unsigned int mib = sizes[i * 7 % ARRAY_SIZE(sizes)];

		if (!round_of(_metadata, &self->card, mib, &again))
			continue;
		made++;
		small += mib <= 256;
	}
	TH_LOG("%d of %d were made, %u requests were repeated", made, rounds, again);
	/*
	 * Few requests meet a page that cannot be moved at that moment. Nine of the 16
	 * sizes are at most an eighth of the memory: nearly all of these have a range. A
	 * kernel that checks itself has unmovable memory in such ranges.
	 */
	EXPECT_GE(rounds / 8, again);
	if (slowness() == 1)
		EXPECT_LE(ROUNDS / 16 * 8, small);
}

TEST_HARNESS_MAIN
