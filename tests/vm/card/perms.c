// SPDX-License-Identifier: GPL-2.0-only
/*
 * A member of the card's group can do everything that a program needs without root.
 * Other users can do none of it.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define ROUNDS	100
#define SIZE	(64 * KIB)

FIXTURE(perms) {
	struct card card;
	struct snapshot before;
};

FIXTURE_SETUP(perms)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "gid", "%d", GID_PCIBUF));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(perms)
{
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* Open the node right after the allocation. This shows whether the node comes late. */
static int allocate_and_open(const struct card *card)
{
	int err = card_write(card, "alloc", "64K rx\n");
	struct buf rx;
	__u64 bus;

	if (!err)
		err = buf_get(card, "rx", SIZE, &rx);
	if (err)
		return err;
	bus = attr_u64(buf_attr(card, "rx", "dma_addr"));
	rx.mem[0] = 1;
	rx.mem[SIZE - 1] = 1;
	buf_put(&rx);
	err = card_write(card, "free", "rx\n");
	return err || bus != NO_NUMBER ? err : EPERM;
}

static int rounds(void *arg)
{
	int i, err, failed = 0;

	for (i = 0; i < ROUNDS; i++) {
		err = allocate_and_open(arg);
		if (!err)
			continue;
		printf("# round %d: %s\n", i, strerror(err));
		failed++;
	}
	return failed;
}

TEST_F_TIMEOUT(perms, member_allocates_and_opens_at_once, 120)
{
	EXPECT_EQ(0, as_user(UID_ALICE, GID_PCIBUF, rounds, &self->card));
}

static int errno_of_read(const char *path)
{
	char text[4096];

	return attr_read(path, text, sizeof(text));
}

/* A member cannot write root's attributes. The member can read why a request failed. */
static int member_limits(void *arg)
{
	static const char * const files[] = {
		"dma_mask_bits", "max_bytes", "max_buffers", "gid", "revoke",
		"recover",
	};
	const struct card *card = arg;
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (card_write(card, files[i], "32") != EACCES)
			wrong += printf("# wrote %s\n", files[i]);
	if (errno_of_read(card_attr(card, "last_error")))
		wrong += printf("# last_error unreadable\n");
	if (errno_of_read(card_attr(card, "alloc")) != EACCES)
		wrong += printf("# alloc readable\n");
	if (errno_of_read(card_attr(card, "gid")))
		wrong += printf("# gid unreadable\n");
	return !!wrong;
}

TEST_F(perms, member_has_no_more_than_that)
{
	EXPECT_EQ(0, as_user(UID_ALICE, GID_PCIBUF, member_limits,
			     &self->card));
}

static int refused(const char *what, int err)
{
	if (err == EACCES)
		return 0;
	printf("# %s: %s\n", what, strerror(err));
	return 1;
}

static int open_fails(const struct card *card, int flags)
{
	return buf_open(card, "rx", flags) < 0 ? errno : 0;
}

static int stranger(void *arg)
{
	const struct card *card = arg;
	int wrong = 0;

	wrong += refused("alloc", card_write(card, "alloc", "4K x"));
	wrong += refused("alloc_sg", card_write(card, "alloc_sg", "4K x"));
	wrong += refused("free", card_write(card, "free", "rx"));
	wrong += refused("revoke", card_write(card, "revoke", "rx"));
	wrong += refused("gid", card_write(card, "gid", "%d", UID_BOB));
	wrong += refused("max_bytes", card_write(card, "max_bytes", "1G"));
	wrong += refused("max_buffers", card_write(card, "max_buffers", "9"));
	wrong += refused("mask", card_write(card, "dma_mask_bits", "32"));
	wrong += refused("last_error",
			 errno_of_read(card_attr(card, "last_error")));
	wrong += refused("dma_addr",
			 errno_of_read(buf_attr(card, "rx", "dma_addr")));
	wrong += refused("segments",
			 errno_of_read(buf_attr(card, "rx", "segments")));
	wrong += refused("read", open_fails(card, O_RDONLY));
	wrong += refused("write", open_fails(card, O_WRONLY));
	wrong += refused("both", open_fails(card, O_RDWR));
	return wrong;
}

TEST_F(perms, stranger_opens_nothing)
{
	ASSERT_EQ(0, card_write(&self->card, "alloc", "64K rx"));
	EXPECT_EQ(0, as_user(UID_BOB, 0, stranger, &self->card));
}

/* A member of one card's group cannot use a card of another group. */
TEST_F(perms, group_of_another_card)
{
	ASSERT_EQ(0, card_write(&self->card, "gid", "901"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "64K rx"));
	EXPECT_EQ(0, as_user(UID_ALICE, GID_PCIBUF, stranger, &self->card));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, as_user(UID_ALICE, 901, rounds, &self->card));
}

/* Only root can use a card that was never assigned to a group. */
TEST_F(perms, nobody_by_default)
{
	ASSERT_EQ(0, card_unbind(&self->card));
	ASSERT_EQ(0, card_bind(&self->card));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "64K rx"));
	EXPECT_EQ(0, as_user(UID_ALICE, GID_PCIBUF, stranger, &self->card));
}

/* Attributes that all users can read contain no bus address. */
static int looks_around(void *arg)
{
	const struct card *card = arg;
	char text[4096];
	int wrong = 0;

	wrong += !!errno_of_read(buf_attr(card, "rx", "size"));
	wrong += !!errno_of_read(buf_attr(card, "rx", "label"));
	wrong += !!errno_of_read(card_attr(card, "nr_buffers"));
	wrong += !!errno_of_read(card_attr(card, "allocated_bytes"));
	if (attr_read(buf_attr(card, "rx", "uevent"), text, sizeof(text)) ||
	    strstr(text, "dma") || strstr(text, "0x"))
		wrong++;
	return wrong;
}

TEST_F(perms, everybody_may_look)
{
	ASSERT_EQ(0, card_write(&self->card, "alloc", "64K rx"));
	EXPECT_EQ(0, as_user(UID_BOB, 0, looks_around, &self->card));
}

TEST_HARNESS_MAIN
