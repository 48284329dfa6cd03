// SPDX-License-Identifier: GPL-2.0-only
/*
 * If the platform bounces all transfers of a card, ordinary pages cannot be shared with
 * the card. Buffers are coherent memory then, which the card reaches itself. Needs
 * swiotlb=force and no IOMMU.
 */
#include <kselftest_harness.h>

#include "lib.h"

FIXTURE(bounce) {
	struct card card;
	struct snapshot before;
	__u64 bounced;
};

FIXTURE_SETUP(bounce)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "%u",
				self->card.mask));
	snapshot(&self->card, &self->before);
	self->bounced = bounced();
	ASSERT_NE(NO_NUMBER, self->bounced);
}

FIXTURE_TEARDOWN(bounce)
{
	EXPECT_EQ(self->bounced, bounced());
	EXPECT_EQ(0, lines_with("swiotlb buffer is full"));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* The card reads and writes both ends of the buffer, and nothing is copied meanwhile. */
static void check_shared(struct __test_metadata *_metadata,
			 const struct card *card, const char *how, size_t size)
{
	char backing[32] = "";
	struct reach reach;
	struct buf buf;
	__u64 bus;

	ASSERT_EQ(0, reach_open(card, &reach));
	ASSERT_EQ(0, buf_make(card, how, size, "rx", &buf));
	ASSERT_EQ(0, attr_read(buf_attr(card, "rx", "backing"), backing,
			       sizeof(backing)));
	EXPECT_STREQ("coherent", backing);
	EXPECT_EQ(-1, nonzero(buf.mem, size));
	bus = attr_u64(buf_attr(card, "rx", "dma_addr"));
	EXPECT_EQ(0, reaches(&reach, bus, buf.mem));
	EXPECT_EQ(0, reaches(&reach, bus + size - 1, buf.mem + size - 1));
	buf_put(&buf);
	EXPECT_EQ(0, card_write(card, "free", "rx"));
	reach_close(&reach);
	EXPECT_EQ(0, card_revoke_all(card));
}

TEST_F_TIMEOUT(bounce, coherent, 120)
{
	static const size_t sizes[] = { PAGE, MIB, 2 * MIB, 4 * MIB };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_shared(_metadata, &self->card, "alloc", sizes[i]);
		check_shared(_metadata, &self->card, "alloc_sg", sizes[i]);
	}
}

/* More than one block of the page allocator: no CMA, and the words say so. */
TEST_F(bounce, too_large)
{
	char text[1024] = "";

	if (cma_exists())
		SKIP(return, "any size");
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc", "64M rx"));
	EXPECT_EQ(0, attr_read(card_attr(&self->card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "dma_alloc_coherent()")) {
		TH_LOG("%s", text);
	}
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_buffers")));
}

TEST_HARNESS_MAIN
