// SPDX-License-Identifier: GPL-2.0-only
/*
 * New memory is zero to the last byte of its last page, whatever was in it before. Needs
 * init_on_alloc=0, otherwise the kernel zeroes memory for the driver.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define ROUNDS	3

FIXTURE(zero) {
	struct card card;
};

FIXTURE_SETUP(zero)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
}

FIXTURE_TEARDOWN(zero)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

static __u64 whole_pages(__u64 size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

/* Allocate, check by read(2) and by mapping, fill with a pattern, and free. */
static void check_zero(struct __test_metadata *_metadata,
		       const struct card *card, const char *how, __u64 size)
{
	static unsigned char page[PAGE];
	__u64 at, bytes = whole_pages(size);
	struct buf rx;

	ASSERT_EQ(0, card_write(card, how, "%llu rx", size));
	ASSERT_EQ(0, buf_get(card, "rx", bytes, &rx));
	EXPECT_EQ(-1, nonzero(rx.mem, bytes)) {
		TH_LOG("%s %llu: byte %zd in the mapping", how, size,
		       nonzero(rx.mem, bytes));
	}
	for (at = 0; at < bytes; at += PAGE) {
		ASSERT_EQ((ssize_t)PAGE, pread(rx.fd, page, PAGE, at));
		EXPECT_EQ(-1, nonzero(page, PAGE)) {
			TH_LOG("%s %llu: page at %llu", how, size, at);
			break;
		}
	}
	memset(rx.mem, 0xff, bytes);
	buf_put(&rx);
	ASSERT_EQ(0, card_write(card, "free", "rx"));
}

static void check_sizes(struct __test_metadata *_metadata,
			const struct card *card)
{
	static const __u64 sizes[] = {
		1, PAGE, PAGE + 1, 3 * PAGE, 5 * PAGE, 12345, 64 * KIB,
		64 * KIB - 1, 100 * KIB, 300000, MIB, MIB + 1, HUGE_PAGE - PAGE,
		HUGE_PAGE, HUGE_PAGE + 1, 3 * MIB + 5 * PAGE, 4 * MIB,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_zero(_metadata, card, "alloc", sizes[i]);
		check_zero(_metadata, card, "alloc_sg", sizes[i]);
	}
	if (!any_size())
		return;
	check_zero(_metadata, card, "alloc_sg", 4 * MIB + PAGE);
	check_zero(_metadata, card, "alloc_sg", 7 * MIB + 3 * PAGE);
	check_zero(_metadata, card, "alloc_sg", 32 * MIB + 12345);
}

/* The memory went back to the system before. */
TEST_F_TIMEOUT(zero, after_other_buffers, 240)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		check_sizes(_metadata, &self->card);
}

/* The memory was parked with the card before, where memory is parked. */
TEST_F_TIMEOUT(zero, from_parked_memory, 240)
{
	struct buf held;
	int i;

	ASSERT_EQ(0, buf_make(&self->card, "alloc", PAGE, "held", &held));
	memset(held.mem, 0xee, PAGE);
	for (i = 0; i < ROUNDS; i++)
		check_sizes(_metadata, &self->card);
	EXPECT_EQ(0xee, held.mem[PAGE - 1]);
	buf_put(&held);
}

/* A large filled buffer is split into small ones, and small ones make a large one. */
TEST_F_TIMEOUT(zero, cut_and_joined, 120)
{
	__u64 large = any_size() ? 8 * MIB : 4 * MIB;
	struct buf held;
	int i;

	ASSERT_EQ(0, buf_make(&self->card, "alloc", PAGE, "held", &held));
	check_zero(_metadata, &self->card, "alloc_sg", large);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, card_write(&self->card, "alloc", "%d s%d",
					(i % 7) * 4096 + 1, i));
		check_zero(_metadata, &self->card, "alloc",
			   (i % 5) * 8192 + 100);
	}
	check_zero(_metadata, &self->card, "alloc_sg", large);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, card_write(&self->card, "free", "s%d", i));
	check_zero(_metadata, &self->card, "alloc", 4 * MIB);
	buf_put(&held);
}

/* Data that the card wrote is gone too. */
TEST_F_TIMEOUT(zero, after_dma, 60)
{
	struct edu edu;
	struct buf rx;
	__u64 bus;
	int i;

	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "%u",
				self->card.mask));
	ASSERT_EQ(0, edu_open(&self->card, &edu));
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, buf_make(&self->card, "alloc", 2 * PAGE, "rx",
				      &rx));
		bus = attr_u64(buf_attr(&self->card, "rx", "dma_addr"));
		EXPECT_EQ(-1, nonzero(rx.mem, 2 * PAGE));
		rx.mem[0] = 0x77;
		ASSERT_EQ(0, edu_copy(&edu, bus, bus + 2 * PAGE - 1, 1));
		EXPECT_EQ(0x77, rx.mem[2 * PAGE - 1]);
		buf_put(&rx);
		ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	}
	edu_close(&edu);
}

TEST_HARNESS_MAIN
