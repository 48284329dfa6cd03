// SPDX-License-Identifier: GPL-2.0-only
/*
 * If the platform bounces all transfers of a card, the card cannot share memory with a
 * program. The request is refused with this reason. Needs swiotlb=force and no IOMMU.
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
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
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

static void check_refused(struct __test_metadata *_metadata,
			  const struct card *card, const char *how,
			  const char *size)
{
	char text[1024] = "";

	EXPECT_EQ(ENOMEM, card_write(card, how, "%s rx", size));
	EXPECT_EQ(0, attr_read(card_attr(card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "swiotlb=force")) {
		TH_LOG("\"%s\" is not the reason", text);
	}
	EXPECT_NE(NULL, strstr(text, "ENOMEM"));
	EXPECT_EQ(0, attr_u64(card_attr(card, "nr_buffers")));
}

TEST_F_TIMEOUT(bounce, refused, 60)
{
	static const char * const sizes[] = { "4K", "1M", "2M", "4M", "64M" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_refused(_metadata, &self->card, "alloc", sizes[i]);
		check_refused(_metadata, &self->card, "alloc_sg", sizes[i]);
	}
}

TEST_HARNESS_MAIN
