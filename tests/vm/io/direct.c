// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct I/O between a disk and the mapping of a buffer, in both modes of mapping. The
 * disk's controller reads and writes the same pages as the card. Needs a guest with
 * disks.
 */
#include <kselftest_harness.h>

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "lib.h"

#define SIZE	(4 * MIB + 3 * PAGE)	/* huge pages and a tail */
#define ROUNDS	10

FIXTURE(direct) {
	struct card card;
	struct snapshot before;
	struct buf rx;
	struct place small;	/* a second mapping, out of step */
	int disk;
};

FIXTURE_VARIANT(direct) {
	const char *disk;
};

FIXTURE_VARIANT_ADD(direct, virtio) {
	.disk = "virtio",
};

FIXTURE_VARIANT_ADD(direct, nvme) {
	.disk = "nvme",
};

FIXTURE_SETUP(direct)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx", &self->rx));
	ASSERT_EQ(0, place_map(&self->small, self->rx.fd, SIZE, 5 * PAGE, 0));
	self->disk = disk_open(variant->disk, O_RDWR | O_DIRECT);
	ASSERT_LE(0, self->disk);
}

FIXTURE_TEARDOWN(direct)
{
	close(self->disk);
	place_drop(&self->small);
	buf_put(&self->rx);
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static bool write_disk(int disk, const void *mem, off_t offset)
{
	return disk_write(disk, mem, SIZE, offset) == SIZE;
}

static bool read_disk(int disk, void *mem, off_t offset)
{
	return disk_read(disk, mem, SIZE, offset) == SIZE;
}

/* Does the disk hold pattern @seed? Read it into ordinary memory. */
static bool disk_holds(int disk, off_t offset, __u32 seed)
{
	unsigned char *copy = aligned_alloc(PAGE, SIZE);
	bool same = read_disk(disk, copy, offset) &&
		    mismatch(copy, SIZE, 0, seed) == -1;

	free(copy);
	return same;
}

TEST_F_TIMEOUT(direct, from_large_pages_to_small_ones, 120)
{
	fill(self->rx.mem, SIZE, 0, 1);
	ASSERT_TRUE(write_disk(self->disk, self->rx.mem, 0));
	EXPECT_TRUE(disk_holds(self->disk, 0, 1));
	memset(self->rx.mem, 0, SIZE);
	ASSERT_TRUE(read_disk(self->disk, self->small.mem, 0));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 1));
	EXPECT_EQ(-1, mismatch(self->small.mem, SIZE, 0, 1));
}

TEST_F_TIMEOUT(direct, from_small_pages_to_large_ones, 120)
{
	fill(self->small.mem, SIZE, 0, 2);
	ASSERT_TRUE(write_disk(self->disk, self->small.mem, 8 * MIB));
	EXPECT_TRUE(disk_holds(self->disk, 8 * MIB, 2));
	memset(self->small.mem, 0, SIZE);
	ASSERT_TRUE(read_disk(self->disk, self->rx.mem, 8 * MIB));
	EXPECT_EQ(-1, mismatch(self->small.mem, SIZE, 0, 2));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 2));
}

/* Direct I/O itself faults in a mapping that was never touched. */
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

/* Contiguous: one huge page and 256 base pages. */
TEST_F_TIMEOUT(direct, into_single_pages, 120)
{
	struct buf fresh;

	fill(self->rx.mem, SIZE, 0, 4);
	ASSERT_TRUE(write_disk(self->disk, self->rx.mem, 0));
	ASSERT_EQ(0, buf_make(&self->card, "alloc", 3 * MIB, "tx", &fresh));
	ASSERT_EQ((ssize_t)(3 * MIB), disk_read(self->disk, fresh.mem, 3 * MIB,
						0));
	EXPECT_EQ(-1, mismatch(fresh.mem, 3 * MIB, 0, 4));
	buf_put(&fresh);
}

/* Sectors that begin and end within pages, in one vector. */
TEST_F_TIMEOUT(direct, odd_pieces, 120)
{
	struct iovec parts[] = {
		{ self->rx.mem + 512, 1024 },
		{ self->rx.mem + HUGE_PAGE - 1536, 3072 },
		{ self->small.mem + 3 * MIB + 512, PAGE },
	};
	unsigned char *copy = aligned_alloc(PAGE, 2 * PAGE);

	fill(self->rx.mem, SIZE, 0, 5);
	ASSERT_EQ(1024 + 3072 + (ssize_t)PAGE,
		  pwritev(self->disk, parts, 3, 512));
	ASSERT_EQ((ssize_t)(2 * PAGE), pread(self->disk, copy, 2 * PAGE, 512));
	EXPECT_EQ(-1, mismatch(copy, 1024, 512, 5));
	EXPECT_EQ(-1, mismatch(copy + 1024, 3072, HUGE_PAGE - 1536, 5));
	EXPECT_EQ(-1, mismatch(copy + PAGE, PAGE, 3 * MIB + 512, 5));
	memset(self->rx.mem, 0, SIZE);
	ASSERT_EQ(1024 + 3072 + (ssize_t)PAGE,
		  preadv(self->disk, parts, 3, 512));
	EXPECT_EQ(-1, nonzero(self->rx.mem, 512));
	EXPECT_EQ(-1, mismatch(parts[0].iov_base, 1024, 512, 5));
	EXPECT_EQ(-1, mismatch(parts[1].iov_base, 3072, HUGE_PAGE - 1536, 5));
	EXPECT_EQ(-1, mismatch(parts[2].iov_base, PAGE, 3 * MIB + 512, 5));
	EXPECT_EQ(-1, nonzero(self->rx.mem + 3 * MIB + 512 + PAGE, MIB));
	free(copy);
}

static int io_until_gone(struct buf *rx, const char *serial)
{
	int disk = disk_open(serial, O_RDWR | O_DIRECT);

	while (read_disk(disk, rx->mem, 0) && write_disk(disk, rx->mem, 0))
		;
	return errno;
}

static int take_away(struct card *card, bool unbind)
{
	int err;

	if (!unbind)
		return card_write(card, "revoke", "rx");
	err = card_unbind(card);
	if (!err)
		err = card_bind(card);
	return err ? err : card_write(card, "dma_mask_bits", "64");
}

/*
 * Revoke the buffer during the I/O: the I/O fails with an errno, and does not touch
 * other buffers' pages.
 */
TEST_F_TIMEOUT(direct, taken_away_during_it, 120)
{
	struct buf other;
	int i, status;
	pid_t pid;

	for (i = 0; i < ROUNDS; i++) {
		if (i == ROUNDS / 2)
			ASSERT_EQ(0, card_write(&self->card, "alloc",
						"4K held"));
		pid = fork();
		if (!pid)
			_exit(io_until_gone(&self->rx, variant->disk));
		usleep(10000 + 7000 * i);
		EXPECT_EQ(0, take_away(&self->card, i < ROUNDS / 2));
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

/* Open a loop device of a file in memory. This path copies the data. */
static int loop_open(int *file)
{
	char node[32], name[] = "/tmp/pcibuf-test-XXXXXX";
	int number, loop, control = open("/dev/loop-control", O_RDWR);

	number = ioctl(control, LOOP_CTL_GET_FREE);
	close(control);
	snprintf(node, sizeof(node), "/dev/loop%d", number);
	*file = mkstemp(name);
	unlink(name);
	loop = open(node, O_RDWR | O_DIRECT);
	if (ftruncate(*file, 8 * MIB) || ioctl(loop, LOOP_SET_FD, *file))
		return -1;
	return loop;
}

TEST_F_TIMEOUT(direct, loop_device, 60)
{
	int file, loop = loop_open(&file);

	ASSERT_LE(0, loop);
	fill(self->rx.mem, SIZE, 0, 6);
	ASSERT_TRUE(write_disk(loop, self->rx.mem, 0));
	memset(self->rx.mem, 0, SIZE);
	ASSERT_TRUE(file_holds(file, SIZE, 6));
	ASSERT_TRUE(read_disk(loop, self->small.mem, 0));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 6));
	EXPECT_EQ(0, ioctl(loop, LOOP_CLR_FD));
	close(loop);
	close(file);
}

TEST_HARNESS_MAIN
