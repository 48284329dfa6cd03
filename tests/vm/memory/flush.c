// SPDX-License-Identifier: GPL-2.0-only
/*
 * Behind an IOMMU, the card cannot reach a buffer's memory once it goes back to the
 * system. The IOMMU caches translations for some time after they were removed, so that a
 * write of the card at this time would still arrive. Needs a guest with an IOMMU, and
 * the sync points of the test build.
 */
#include <kselftest_harness.h>

#include <sys/uio.h>

#include "lib-sync.h"
#include "lib.h"

#define SIZE	HUGE_PAGE
#define TRIES	24
#define OLD	0x11
#define NEW	0x22

FIXTURE(flush) {
	struct card card;
	struct edu edu;
};

/* Allocate another buffer, so that the card stays a bus master. */
FIXTURE_SETUP(flush)
{
	if (!iommu_translates())
		SKIP(_exit(255), "there is no IOMMU");
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K other"));
	ASSERT_EQ(0, edu_open(&self->card, &self->edu));
}

FIXTURE_TEARDOWN(flush)
{
	edu_close(&self->edu);
	EXPECT_EQ(0, card_reset(&self->card));
}

static int revoke_rx(void *arg)
{
	return card_write(arg, "revoke", "rx");
}

/* Return what the page in the pipe holds now. The page stays in the pipe. */
static int look(int pipe_end)
{
	unsigned char page[PAGE];
	int copy[2], value = -1;

	if (pipe(copy))
		return -1;
	if (tee(pipe_end, copy[1], PAGE, 0) == (ssize_t)PAGE &&
	    read(copy[0], page, PAGE) == (ssize_t)PAGE)
		value = page[0];
	close(copy[0]);
	close(copy[1]);
	return value;
}

/* On 5.10, Intel's IOMMU maps coherent memory by PFN, so that no page can be held. */
static bool can_be_held(const struct card *card)
{
	struct iovec part = { .iov_len = PAGE };
	struct buf buf;
	int ends[2];
	bool held;

	if (buf_make(card, "alloc", PAGE, "held", &buf) || pipe(ends))
		return true;
	part.iov_base = buf.mem;
	held = vmsplice(ends[1], &part, 1, 0) == (ssize_t)PAGE;
	close(ends[0]);
	close(ends[1]);
	buf_put(&buf);
	return held || card_write(card, "free", "held");
}

/* The IOMMU now caches the translation of the page, and the card has NEW. */
static int ready(struct edu *edu, __u64 bus)
{
	int err = edu_fetch(edu, bus, 8);

	return err ? err : edu_fetch(edu, bus + PAGE, 8);
}

/* Pages: the card cannot reach the memory before it is released. */
static struct beside write_late(struct __test_metadata *_metadata,
				const struct card *card, struct edu *edu,
				__u64 bus, unsigned int delay_us)
{
	struct beside revoker;

	EXPECT_EQ(0, ready(edu, bus));
	EXPECT_EQ(0, sync_point("release", true));
	EXPECT_EQ(0, edu_begin_store(edu, bus, 8));
	usleep(delay_us);
	revoker = begin(revoke_rx, (void *)card);
	EXPECT_TRUE(sync_point_is_reached("release"));
	return revoker;
}

/* Coherent memory: the card can use the memory until it is released. */
static struct beside write_until_released(struct __test_metadata *_metadata,
					  const struct card *card,
					  struct edu *edu, __u64 bus,
					  unsigned int delay_us)
{
	struct beside revoker;

	EXPECT_EQ(0, sync_point("release", true));
	EXPECT_EQ(0, sync_point("released", true));
	revoker = begin(revoke_rx, (void *)card);
	EXPECT_TRUE(sync_point_is_reached("release"));
	EXPECT_EQ(0, ready(edu, bus));
	EXPECT_EQ(0, edu_begin_store(edu, bus, 8));
	usleep(delay_us);
	EXPECT_EQ(0, sync_point("release", false));
	EXPECT_TRUE(sync_point_is_reached("released"));
	return revoker;
}

/*
 * The card writes at about the time of the revoke. The write must arrive before the
 * memory is released, or not at all. The pipe holds the page, so that the test can look
 * at it after the release. Return true if the write had not arrived before.
 */
static bool check_write(struct __test_metadata *_metadata,
			const struct card *card, struct edu *edu,
			unsigned int delay_us)
{
	struct iovec part = { .iov_len = PAGE };
	struct beside revoker;
	int held[2], first;
	struct buf rx;
	__u64 bus;

	ASSERT_EQ(0, buf_make(card, "alloc", SIZE, "rx", &rx));
	bus = attr_u64(buf_attr(card, "rx", "dma_addr"));
	memset(rx.mem, OLD, PAGE);
	memset(rx.mem + PAGE, NEW, PAGE);
	part.iov_base = rx.mem;
	ASSERT_EQ(0, pipe(held));
	ASSERT_EQ((ssize_t)PAGE, vmsplice(held[1], &part, 1, 0));
	if (coherent_forced())
		revoker = write_until_released(_metadata, card, edu, bus,
					       delay_us);
	else
		revoker = write_late(_metadata, card, edu, bus, delay_us);
	first = look(held[0]);
	EXPECT_EQ(0, edu_wait(edu));
	usleep(20000);
	EXPECT_LE(0, first);
	EXPECT_EQ(first, look(held[0])) {
		TH_LOG("%u us after the beginning", delay_us);
	}
	close(held[0]);
	close(held[1]);
	EXPECT_EQ(0, sync_point("release", false));
	EXPECT_EQ(0, sync_point("released", false));
	EXPECT_EQ(0, result(&revoker));
	buf_put(&rx);
	return first == OLD;
}

/*
 * With the longest delays the revoke comes too late to show anything, with the shorter
 * ones it does not. A task at a sync point looks every 20 ms whether the point is open.
 * Coherent memory passes two sync points, so it needs more tries.
 */
TEST_F_TIMEOUT(flush, card_writes_while_it_goes, 120)
{
	unsigned int tries = coherent_forced() ? 3 * TRIES : TRIES;
	unsigned int i, before = 0;

	if (!can_be_held(&self->card))
		SKIP(return, "no pages to look at");
	for (i = 0; i < tries; i++)
		before += check_write(_metadata, &self->card, &self->edu,
				      i < 2 ? 0 : 50000 + i % TRIES * 2000);
	TH_LOG("%u of %u times the write was still to come", before, tries);
	EXPECT_LT(0, before);
}

TEST_HARNESS_MAIN
