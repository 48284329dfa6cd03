// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's reserve for contiguous memory (CMA) is the last step. Its memory is
 * coherent memory. Needs a kernel with CMA and a reserve, and the test build, which can
 * leave out the earlier steps.
 */
#include <kselftest_harness.h>
#include <stdio.h>
#include <string.h>

#include "lib.h"

#define STEPS	PARAM_DIR "/contig_steps"
#define SIZE	(16 * MIB)

FIXTURE(cma) {
	struct card card;
	struct edu edu;
};

FIXTURE_SETUP(cma)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, attr_write(STEPS, "0"));
	ASSERT_EQ(0, edu_open(&self->card, &self->edu));
}

FIXTURE_TEARDOWN(cma)
{
	edu_close(&self->edu);
	EXPECT_EQ(0, attr_write(STEPS, "7"));
	EXPECT_EQ(0, card_reset(&self->card));
}

TEST_F(cma, serves_where_nothing_else_does)
{
	struct card *card = &self->card;
	char backing[32] = "";
	struct buf rx;
	__u64 bus;

	ASSERT_EQ(0, buf_make(card, "alloc", SIZE, "rx", &rx));
	ASSERT_EQ(0, attr_read(buf_attr(card, "rx", "backing"), backing,
			       sizeof(backing)));
	EXPECT_STREQ("coherent", backing);
	EXPECT_EQ(-1, nonzero(rx.mem, SIZE));
	bus = attr_u64(buf_attr(card, "rx", "dma_addr"));
	fill(rx.mem, 256, 0, 3);
	EXPECT_EQ(0, edu_copy(&self->edu, bus, bus + SIZE - 256, 256));
	EXPECT_EQ(-1, mismatch(rx.mem + SIZE - 256, 256, 0, 3));
	buf_put(&rx);
}

/* Parked CMA memory serves the next request of its size, before any step. */
TEST_F(cma, is_parked_and_used_again)
{
	struct card *card = &self->card;
	int i;

	ASSERT_EQ(0, card_write(card, "alloc_sg", "4K kept"));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, card_write(card, "alloc", "%lu rx", SIZE));
		ASSERT_EQ(0, card_write(card, "free", "rx"));
		EXPECT_EQ(SIZE + PAGE,
			  attr_u64(card_attr(card, "allocated_bytes")));
		ASSERT_EQ(0, attr_write(STEPS, "7"));
	}
}

TEST_F(cma, says_that_it_was_asked)
{
	char text[1024] = "";

	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc", "200M rx"));
	ASSERT_EQ(0, attr_read(card_attr(&self->card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "no free CMA memory")) {
		TH_LOG("%s", text);
	}
}

TEST_HARNESS_MAIN
