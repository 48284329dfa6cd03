// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer is revoked while a pipe, a socket, a disk or io_uring still works with its
 * pages. Held pages keep their contents. No other user gets them, even if the rest of
 * the machine uses all memory. The pages become free when they are released. Needs a
 * guest with disks.
 */
#include <kselftest_harness.h>

#include <linux/io_uring.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lib.h"

#define OLD		1
#define PIPE_SIZE	(1 * MIB)

enum ending { FREE, REVOKE, UNBIND };

FIXTURE(gone) {
	struct card card;
	struct snapshot before;
	int fd;
	struct place place;
	struct uring ring;
	int pipe[2];
	unsigned char *marks;	/* the rest of the memory */
	size_t marks_size;
};

FIXTURE_VARIANT(gone) {
	const char *how;
	size_t size;
	enum ending ending;
};

FIXTURE_VARIANT_ADD(gone, freed) {
	.how = "alloc_sg", .size = 5 * MIB + 3 * PAGE, .ending = FREE,
};

FIXTURE_VARIANT_ADD(gone, revoked) {
	.how = "alloc_sg", .size = 5 * MIB + 3 * PAGE, .ending = REVOKE,
};

FIXTURE_VARIANT_ADD(gone, single_pages_revoked) {
	.how = "alloc", .size = 3 * MIB, .ending = REVOKE,
};

FIXTURE_VARIANT_ADD(gone, unbound) {
	.how = "alloc_sg", .size = 5 * MIB + 3 * PAGE, .ending = UNBIND,
};

FIXTURE_SETUP(gone)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, card_write(&self->card, variant->how, "%zu rx",
				variant->size));
	self->fd = buf_open(&self->card, "rx", O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_map(&self->place, self->fd, variant->size, 0, 0));
	fill(self->place.mem, variant->size, 0, OLD);
	ASSERT_EQ(0, uring_open(&self->ring));
	ASSERT_EQ(0, pipe(self->pipe));
	fcntl(self->pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
}

/* All memory is free again: no page is held any more. */
FIXTURE_TEARDOWN(gone)
{
	close(self->pipe[0]);
	close(self->pipe[1]);
	uring_close(&self->ring);
	place_drop(&self->place);
	close(self->fd);
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static int end_it(struct card *card, struct place *place, int fd,
		  enum ending ending)
{
	switch (ending) {
	case FREE:
		place_drop(place);
		close(fd);
		return card_write(card, "free", "rx");
	case REVOKE:
		return card_write(card, "revoke", "rx");
	default:
		return card_unbind(card);
	}
}

static void take_away(struct __test_metadata *_metadata,
		      struct _test_data_gone *self, enum ending ending)
{
	ASSERT_EQ(0, end_it(&self->card, &self->place, self->fd, ending));
	if (ending != FREE) {
		EXPECT_EQ(SIGBUS, touch(self->place.mem));
		EXPECT_EQ(SIGBUS, touch(self->place.mem + MIB + PAGE));
	}
	self->marks = take_all_memory(&self->marks_size);
	ASSERT_NE(MAP_FAILED, self->marks);
}

static void give_back(struct __test_metadata *_metadata,
		      struct _test_data_gone *self)
{
	EXPECT_TRUE(all_marks(self->marks, self->marks_size));
	EXPECT_EQ(0, munmap(self->marks, self->marks_size));
}

/* Check that @fd delivers pattern OLD from @offset on. */
static void check_comes_out(struct __test_metadata *_metadata, int fd,
			    size_t offset, size_t length)
{
	unsigned char chunk[PAGE];
	size_t done = 0;
	ssize_t got;

	while (done < length) {
		/* Read whole words, because patterns consist of words. */
		got = recv(fd, chunk, sizeof(chunk), MSG_WAITALL);
		if (got < 0 && errno == ENOTSOCK)
			got = read(fd, chunk, sizeof(chunk));
		ASSERT_LT(0, got);
		ASSERT_EQ(-1, mismatch(chunk, got, offset + done, OLD));
		done += got;
	}
}

static void pipe_keeps(struct __test_metadata *_metadata,
		       struct _test_data_gone *self, enum ending ending,
		       unsigned int flags)
{
	struct iovec part = { self->place.mem + MIB + PAGE, PIPE_SIZE };
	ssize_t held = vmsplice(self->pipe[1], &part, 1, flags);

	ASSERT_LT((ssize_t)PAGE, held);
	take_away(_metadata, self, ending);
	check_comes_out(_metadata, self->pipe[0], MIB + PAGE, held);
	give_back(_metadata, self);
}

TEST_F_TIMEOUT(gone, pipe, 60)
{
	pipe_keeps(_metadata, self, variant->ending, 0);
}

TEST_F_TIMEOUT(gone, pipe_that_was_given_them, 60)
{
	pipe_keeps(_metadata, self, variant->ending, SPLICE_F_GIFT);
}

/* Data is sent but not received: the socket uses the buffer's pages. */
TEST_F_TIMEOUT(gone, socket, 60)
{
	size_t sent = 0;
	int ends[2], calls = 0;
	ssize_t part;

	ASSERT_EQ(0, net_pair(SOCK_STREAM, ends));
	while (sent < 2 * MIB) {
		part = send(ends[1], self->place.mem + sent, 2 * MIB - sent,
			    MSG_ZEROCOPY | MSG_DONTWAIT);
		if (part <= 0)
			break;
		sent += part;
		calls++;
	}
	ASSERT_LT(MIB, sent);
	take_away(_metadata, self, variant->ending);
	check_comes_out(_metadata, ends[0], 0, sent & ~(PAGE - 1));
	EXPECT_EQ(0, net_completed(ends[1], calls));
	close(ends[0]);
	close(ends[1]);
	give_back(_metadata, self);
}

static struct io_uring_sqe request(int op, int fd, void *mem, size_t length,
				   __u64 offset)
{
	return (struct io_uring_sqe){
		.opcode = op, .fd = fd, .addr = (unsigned long)mem,
		.len = length, .off = offset,
	};
}

/* A ring holds its registered buffers until it is closed, or longer. */
TEST_F_TIMEOUT(gone, registered, 60)
{
	int disk = disk_open("nvme", O_RDWR | O_DIRECT);
	const size_t length = 2 * MIB + 64 * KIB;
	unsigned char *mem = self->place.mem + PAGE;
	struct io_uring_sqe sqe;
	int err;

	ASSERT_LE(0, disk);
	err = uring_register(&self->ring, mem, length);
	if (err == EOPNOTSUPP)
		SKIP(return, "this kernel registers no memory of files");
	ASSERT_EQ(0, err);
	take_away(_metadata, self, variant->ending);
	sqe = request(IORING_OP_WRITE_FIXED, disk, mem, length, 0);
	ASSERT_EQ((int)length, uring_do(&self->ring, &sqe));
	memset(self->marks, 0, length);
	ASSERT_EQ((ssize_t)length, disk_read(disk, self->marks, length, 0));
	EXPECT_EQ(-1, mismatch(self->marks, length, PAGE, OLD));
	sqe = request(IORING_OP_READ_FIXED, disk, mem, length, 8 * MIB);
	ASSERT_EQ((int)length, uring_do(&self->ring, &sqe));
	memset(self->marks, TAKEN, length);
	EXPECT_EQ(0, uring_unregister(&self->ring));
	give_back(_metadata, self);
	close(disk);
}

/* A request that holds no page yet when the buffer is revoked finds no memory. */
TEST_F_TIMEOUT(gone, waiting, 60)
{
	struct io_uring_sqe sqe = request(IORING_OP_READ, self->pipe[0],
					  self->place.mem, PAGE, -1);

	ASSERT_EQ(0, uring_submit(&self->ring, &sqe));
	take_away(_metadata, self, variant->ending);
	ASSERT_EQ(5, write(self->pipe[1], "12345", 5));
	EXPECT_EQ(-EFAULT, uring_wait(&self->ring));
	give_back(_metadata, self);
}

/*
 * Each request is so small that the kernel pins its pages at once, not later in a
 * worker. Together they keep a slow disk busy for seconds.
 */
#define REQUESTS	16
#define PART		(128 * KIB)
/* The distance of requests, in memory and on the disk, so that they are not merged. */
#define STEP		(192 * KIB)

static void start_transfer(struct __test_metadata *_metadata,
			   struct _test_data_gone *self, int op, int disk)
{
	size_t i;

	for (i = 0; i < REQUESTS; i++) {
		struct io_uring_sqe sqe;

		sqe = request(op, disk, self->place.mem + i * STEP, PART,
			      i * STEP);
		ASSERT_EQ(0, uring_submit(&self->ring, &sqe));
	}
}

static void end_transfer(struct __test_metadata *_metadata,
			 struct _test_data_gone *self, const char *serial)
{
	int i;

	EXPECT_LT(0, disk_waiting(serial));
	disk_speed_up(serial);
	for (i = 0; i < REQUESTS; i++)
		EXPECT_EQ((int)PART, uring_wait(&self->ring));
}

/* The controller continues and writes to pages that the requests still hold. */
static void disk_reads(struct __test_metadata *_metadata,
		       struct _test_data_gone *self, enum ending ending,
		       const char *serial)
{
	int disk = disk_open(serial, O_RDWR | O_DIRECT);

	ASSERT_LE(0, disk);
	ASSERT_EQ(0, disk_slow_down(serial));
	start_transfer(_metadata, self, IORING_OP_READ, disk);
	take_away(_metadata, self, ending);
	end_transfer(_metadata, self, serial);
	give_back(_metadata, self);
	close(disk);
}

TEST_F_TIMEOUT(gone, nvme_reads, 60)
{
	disk_reads(_metadata, self, variant->ending, "nvme");
}

TEST_F_TIMEOUT(gone, virtio_reads, 60)
{
	disk_reads(_metadata, self, variant->ending, "virtio");
}

/* The controller reads from the pages the data of the time of the request. */
static void disk_writes(struct __test_metadata *_metadata,
			struct _test_data_gone *self, enum ending ending,
			const char *serial)
{
	const size_t length = REQUESTS * STEP;
	int disk = disk_open(serial, O_RDWR | O_DIRECT);
	size_t i;

	ASSERT_LE(0, disk);
	ASSERT_EQ(0, disk_slow_down(serial));
	start_transfer(_metadata, self, IORING_OP_WRITE, disk);
	take_away(_metadata, self, ending);
	end_transfer(_metadata, self, serial);
	EXPECT_TRUE(all_marks(self->marks, self->marks_size));
	ASSERT_EQ((ssize_t)length, disk_read(disk, self->marks, length, 0));
	for (i = 0; i < REQUESTS; i++)
		EXPECT_EQ(-1, mismatch(self->marks + i * STEP, PART, i * STEP,
				       OLD));
	EXPECT_EQ(0, munmap(self->marks, self->marks_size));
	close(disk);
}

TEST_F_TIMEOUT(gone, nvme_writes, 60)
{
	disk_writes(_metadata, self, variant->ending, "nvme");
}

TEST_F_TIMEOUT(gone, virtio_writes, 60)
{
	disk_writes(_metadata, self, variant->ending, "virtio");
}

TEST_HARNESS_MAIN
