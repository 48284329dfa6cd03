// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct I/O between a disk and the mapping of a buffer, in both modes of
 * mapping: the disk's controller reads and writes the very pages that the card
 * does. Wants a guest with a disk.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define DISK	"/dev/vda"
#define SIZE	(4 * MIB + 3 * PAGE)	/* large pages and a tail */

FIXTURE(direct) {
	struct card card;
	struct snapshot before;
	struct buf rx;
	unsigned char *room;
	unsigned char *small;	/* a second mapping, out of step */
	int disk;
};

FIXTURE_SETUP(direct)
{
	unsigned long at;

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx", &self->rx));
	self->room = mmap(NULL, SIZE + 4 * HUGE_PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->room);
	at = ((unsigned long)self->room + HUGE_PAGE) & ~(HUGE_PAGE - 1);
	self->small = mmap((void *)(at + 5 * PAGE), SIZE,
			   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			   self->rx.fd, 0);
	ASSERT_NE(MAP_FAILED, self->small);
	self->disk = open(DISK, O_RDWR | O_DIRECT);
	ASSERT_LE(0, self->disk);
}

FIXTURE_TEARDOWN(direct)
{
	close(self->disk);
	munmap(self->room, SIZE + 4 * HUGE_PAGE);
	buf_put(&self->rx);
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static bool write_disk(int disk, const void *mem, off_t offset)
{
	size_t done = 0;
	ssize_t got;

	while (done < SIZE) {
		got = pwrite(disk, mem + done, SIZE - done, offset + done);
		if (got <= 0)
			return false;
		done += got;
	}
	return true;
}

static bool read_disk(int disk, void *mem, off_t offset)
{
	size_t done = 0;
	ssize_t got;

	while (done < SIZE) {
		got = pread(disk, mem + done, SIZE - done, offset + done);
		if (got <= 0)
			return false;
		done += got;
	}
	return true;
}

TEST_F_TIMEOUT(direct, from_large_pages_to_small_ones, 120)
{
	fill(self->rx.mem, SIZE, 0, 1);
	ASSERT_TRUE(write_disk(self->disk, self->rx.mem, 0));
	memset(self->rx.mem, 0, SIZE);
	ASSERT_TRUE(read_disk(self->disk, self->small, 0));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 1));
	EXPECT_EQ(-1, mismatch(self->small, SIZE, 0, 1));
}

TEST_F_TIMEOUT(direct, from_small_pages_to_large_ones, 120)
{
	fill(self->small, SIZE, 0, 2);
	ASSERT_TRUE(write_disk(self->disk, self->small, 8 * MIB));
	memset(self->small, 0, SIZE);
	ASSERT_TRUE(read_disk(self->disk, self->rx.mem, 8 * MIB));
	EXPECT_EQ(-1, mismatch(self->small, SIZE, 0, 2));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 2));
}

/* A mapping that nobody touched yet: direct I/O itself brings it in. */
TEST_F_TIMEOUT(direct, into_what_was_never_touched, 120)
{
	struct buf fresh;

	fill(self->rx.mem, SIZE, 0, 3);
	ASSERT_TRUE(write_disk(self->disk, self->rx.mem, 0));
	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "tx", &fresh));
	ASSERT_TRUE(read_disk(self->disk, fresh.mem, 0));
	EXPECT_EQ(-1, mismatch(fresh.mem, SIZE, 0, 3));
	buf_put(&fresh);
}

static int io_until_gone(void *arg)
{
	struct buf *rx = arg;
	int disk = open(DISK, O_RDWR | O_DIRECT);

	while (read_disk(disk, rx->mem, 0) && write_disk(disk, rx->mem, 0))
		;
	return errno;
}

/* Revoked in the middle of it: an errno, and no page of anybody else's. */
TEST_F_TIMEOUT(direct, revoke_during_it, 120)
{
	struct buf other;
	int i, status;
	pid_t pid;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K held"));
	for (i = 0; i < 10; i++) {
		pid = fork();
		if (!pid)
			_exit(io_until_gone(&self->rx));
		usleep(10000 + 7000 * i);
		EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
		ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx",
				      &other));
		fill(other.mem, SIZE, 0, i);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_EQ(EFAULT, WEXITSTATUS(status));
		EXPECT_EQ(-1, mismatch(other.mem, SIZE, 0, i));
		buf_put(&self->rx);
		self->rx = other;
	}
}

TEST_HARNESS_MAIN
