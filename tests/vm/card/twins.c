// SPDX-License-Identifier: GPL-2.0-only
/* Two identical cards in one machine. tests/system tests their links under /dev. */
#include <kselftest_harness.h>

#include "lib.h"

#define ROUNDS	150

FIXTURE(twins) {
	struct card cards[2];
	bool one;
};

FIXTURE_SETUP(twins)
{
	struct card second;

	ASSERT_EQ(0, card_get(0, &self->cards[0]));
	self->one = card_find(1, &second);
	if (!self->one)
		ASSERT_EQ(0, card_get(1, &self->cards[1]));
}

FIXTURE_TEARDOWN(twins)
{
	EXPECT_EQ(0, card_reset(&self->cards[0]));
	if (!self->one)
		EXPECT_EQ(0, card_reset(&self->cards[1]));
}

static const char *card_of(const struct card *card, const char *label)
{
	static struct pcibuf_info info;
	int fd = buf_open(card, label, O_RDWR);

	if (buf_info(fd, &info))
		strcpy(info.card, strerror(errno));
	close(fd);
	return info.card;
}

TEST_F(twins, one_label_on_both)
{
	if (self->one)
		SKIP(return, "one card in this guest");
	ASSERT_EQ(0, card_write(&self->cards[0], "alloc", "4K rx"));
	ASSERT_EQ(0, card_write(&self->cards[1], "alloc", "8K rx"));
	EXPECT_EQ(EEXIST, card_write(&self->cards[0], "alloc", "4K rx"));
	EXPECT_EQ(EEXIST, card_write(&self->cards[1], "alloc_sg", "4K rx"));
	EXPECT_EQ(PAGE, attr_u64(buf_attr(&self->cards[0], "rx", "size")));
	EXPECT_EQ(2 * PAGE, attr_u64(buf_attr(&self->cards[1], "rx", "size")));
	EXPECT_STREQ(self->cards[0].bdf, card_of(&self->cards[0], "rx"));
	EXPECT_STREQ(self->cards[1].bdf, card_of(&self->cards[1], "rx"));
	EXPECT_EQ(0, attr_u64(buf_attr(&self->cards[0], "rx", "index")));
	EXPECT_EQ(0, attr_u64(buf_attr(&self->cards[1], "rx", "index")));
	EXPECT_EQ(0, card_write(&self->cards[0], "free", "rx"));
	EXPECT_EQ(2 * PAGE, attr_u64(buf_attr(&self->cards[1], "rx", "size")));
}

/* pcibufN belongs to one card. The other card cannot free it. */
TEST_F(twins, node_of_the_other)
{
	const char *node;

	if (self->one)
		SKIP(return, "one card in this guest");
	ASSERT_EQ(0, card_write(&self->cards[0], "alloc", "4K rx"));
	node = strrchr(buf_node(&self->cards[0], "rx"), '/') + 1;
	EXPECT_EQ(ENOENT, card_write(&self->cards[1], "free", "%s", node));
	EXPECT_EQ(ENOENT, card_write(&self->cards[1], "revoke", "%s", node));
	EXPECT_EQ(0, card_write(&self->cards[0], "free", "%s", node));
}

/*
 * Free rx of one card, allocate tx of the other card, and open the old node of rx at
 * once. The result is an error, but never the other card's buffer.
 */
TEST_F_TIMEOUT(twins, stale_name_finds_nothing, 120)
{
	struct pcibuf_info info;
	char node[64];
	int i, fd;

	if (self->one)
		SKIP(return, "one card in this guest");
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, card_write(&self->cards[0], "alloc", "64K rx"));
		snprintf(node, sizeof(node), "%s",
			 buf_node(&self->cards[0], "rx"));
		ASSERT_EQ(0, card_write(&self->cards[0], "free", "rx"));
		ASSERT_EQ(0, card_write(&self->cards[1], "alloc", "64K tx"));
		fd = open(node, O_RDWR);
		EXPECT_EQ(-1, fd);
		if (fd >= 0 && !buf_info(fd, &info))
			EXPECT_STREQ("rx", info.label);
		close(fd);
		ASSERT_EQ(0, card_write(&self->cards[1], "free", "tx"));
	}
}

TEST_F(twins, quota_is_each_ones_and_total_is_of_both)
{
	char total[64];

	if (self->one)
		SKIP(return, "one card in this guest");
	ASSERT_EQ(0, card_write(&self->cards[0], "max_bytes", "4K"));
	EXPECT_EQ(EDQUOT, card_write(&self->cards[0], "alloc", "8K rx"));
	EXPECT_EQ(0, card_write(&self->cards[1], "alloc", "8K rx"));
	ASSERT_EQ(0, attr_read(MAX_TOTAL, total, sizeof(total)));
	ASSERT_EQ(0, card_write(&self->cards[0], "max_bytes", "1G"));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "16K"));
	EXPECT_EQ(EDQUOT, card_write(&self->cards[0], "alloc", "12K rx"));
	EXPECT_EQ(0, card_write(&self->cards[0], "alloc", "8K rx"));
	EXPECT_EQ(EDQUOT, card_write(&self->cards[1], "alloc", "4K tx"));
	EXPECT_EQ(0, attr_write(MAX_TOTAL, total));
}

/* The unbind of one card does not affect the other card. */
TEST_F(twins, unbind_of_one)
{
	struct buf rx;

	if (self->one)
		SKIP(return, "one card in this guest");
	ASSERT_EQ(0, card_write(&self->cards[0], "alloc", "4K rx"));
	ASSERT_EQ(0, buf_make(&self->cards[1], "alloc", 64 * KIB, "rx", &rx));
	fill(rx.mem, rx.size, 0, 1);
	ASSERT_EQ(0, card_unbind(&self->cards[0]));
	EXPECT_EQ(-1, mismatch(rx.mem, rx.size, 0, 1));
	EXPECT_EQ(1, attr_u64(card_attr(&self->cards[1], "nr_buffers")));
	buf_put(&rx);
	ASSERT_EQ(0, card_bind(&self->cards[0]));
}

TEST_HARNESS_MAIN
