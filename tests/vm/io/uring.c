// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring between a buffer and disks, files, and the buffer's own node: with plain
 * addresses, with vectors, and with registered buffers. Needs a guest with disks.
 */
#include "lib-mapped.h"

#include <linux/io_uring.h>
#include <sys/uio.h>

static const char * const disks[] = { "virtio", "nvme" };

static struct io_uring_sqe request(int op, int fd, void *mem, size_t length,
				   __u64 offset)
{
	return (struct io_uring_sqe){
		.opcode = op, .fd = fd, .addr = (unsigned long)mem,
		.len = length, .off = offset,
	};
}

/* Transfer all of it, in as many requests as needed. */
static bool transfer(struct uring *ring, int op, int fd,
		     const struct place *place)
{
	size_t done = 0;

	while (done < place->size) {
		struct io_uring_sqe sqe = request(op, fd, place->mem + done,
						  place->size - done, done);
		int got = uring_do(ring, &sqe);

		if (got <= 0) {
			printf("# request %d at %zu: %s\n", op, done,
			       strerror(-got));
			return false;
		}
		done += got;
	}
	return true;
}

/* Does the disk hold pattern @seed? Read it into ordinary memory. */
static bool disk_holds(int disk, size_t size, __u32 seed)
{
	unsigned char *copy = aligned_alloc(PAGE, (size + MIB) & ~(MIB - 1));
	bool same = disk_read(disk, copy, size, 0) == (ssize_t)size &&
		    mismatch(copy, size, 0, seed) == -1;

	free(copy);
	return same;
}

/* Write to the disks by one kind of request, and read back by another kind. */
static void check_out_and_in(struct __test_metadata *_metadata,
			     const struct place *place, struct uring *ring,
			     int out, int in)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(disks); i++) {
		int disk = disk_open(disks[i], O_RDWR | O_DIRECT);

		ASSERT_LE(0, disk);
		fill(place->mem, place->size, 0, 10 + i);
		ASSERT_TRUE(transfer(ring, out, disk, place));
		EXPECT_TRUE(disk_holds(disk, place->size, 10 + i));
		memset(place->mem, 0, place->size);
		ASSERT_TRUE(transfer(ring, in, disk, place));
		EXPECT_EQ(-1, mismatch(place->mem, place->size, 0, 10 + i));
		close(disk);
	}
}

TEST_F_TIMEOUT(mapped, plain_addresses, 60)
{
	struct uring ring;

	ASSERT_EQ(0, uring_open(&ring));
	check_out_and_in(_metadata, &self->place, &ring, IORING_OP_WRITE,
			 IORING_OP_READ);
	uring_close(&ring);
}

TEST_F_TIMEOUT(mapped, never_touched, 60)
{
	int disk = disk_open("nvme", O_RDWR | O_DIRECT);
	struct uring ring;

	ASSERT_EQ(0, uring_open(&ring));
	ASSERT_TRUE(transfer(&ring, IORING_OP_WRITE, disk, &self->place));
	ASSERT_EQ(0, madvise(self->mem, variant->size, MADV_DONTNEED));
	ASSERT_TRUE(transfer(&ring, IORING_OP_WRITE, disk, &self->place));
	EXPECT_TRUE(disk_holds(disk, variant->size, 1));
	uring_close(&ring);
	close(disk);
}

/* Parts that begin and end within pages, from the end to the start. */
TEST_F_TIMEOUT(mapped, vectors, 60)
{
	struct iovec parts[] = {
		{ self->mem + 3 * MIB - 512, 512 },
		{ self->mem + HUGE_PAGE - 512, PAGE },
		{ self->mem, 512 + PAGE },
	};
	int disk = disk_open("nvme", O_RDWR | O_DIRECT);
	struct io_uring_sqe sqe;
	struct uring ring;

	ASSERT_EQ(0, uring_open(&ring));
	sqe = request(IORING_OP_WRITEV, disk, parts, ARRAY_SIZE(parts), 0);
	ASSERT_EQ(1024 + 2 * (int)PAGE, uring_do(&ring, &sqe));
	memset(self->mem, 0, variant->size);
	sqe = request(IORING_OP_READV, disk, parts, ARRAY_SIZE(parts), 0);
	ASSERT_EQ(1024 + 2 * (int)PAGE, uring_do(&ring, &sqe));
	EXPECT_EQ(-1, mismatch(self->mem, 512 + PAGE, 0, 1));
	EXPECT_EQ(-1, mismatch(self->mem + HUGE_PAGE - 512, PAGE,
			       HUGE_PAGE - 512, 1));
	EXPECT_EQ(-1, mismatch(self->mem + 3 * MIB - 512, 512, 3 * MIB - 512,
			       1));
	EXPECT_EQ(-1, nonzero(self->mem + 512 + PAGE, MIB));
	uring_close(&ring);
	close(disk);
}

/*
 * Before about Linux 6.5, io_uring registers no memory of files and returns EOPNOTSUPP.
 */
static bool takes_files(int err)
{
	return err != EOPNOTSUPP;
}

TEST_F_TIMEOUT(mapped, registered, 60)
{
	struct uring ring;
	int err;

	ASSERT_EQ(0, uring_open(&ring));
	err = uring_register(&ring, self->mem, variant->size);
	if (!takes_files(err))
		SKIP(uring_close(&ring); return,
		     "this kernel registers no memory of files");
	ASSERT_EQ(0, err);
	check_out_and_in(_metadata, &self->place, &ring, IORING_OP_WRITE_FIXED,
			 IORING_OP_READ_FIXED);
	EXPECT_EQ(0, uring_unregister(&ring));
	uring_close(&ring);
}

/* Register a part from the middle of huge pages, and unmap it while registered. */
TEST_F_TIMEOUT(mapped, part_registered, 60)
{
	const size_t at = MIB + 3 * PAGE, length = MIB + 5 * PAGE;
	int disk = disk_open("nvme", O_RDWR | O_DIRECT);
	struct io_uring_sqe sqe;
	struct uring ring;
	int err;

	ASSERT_EQ(0, uring_open(&ring));
	err = uring_register(&ring, self->mem + at, length);
	if (!takes_files(err))
		SKIP(uring_close(&ring); close(disk); return,
		     "this kernel registers no memory of files");
	ASSERT_EQ(0, err);
	sqe = request(IORING_OP_WRITE_FIXED, disk, self->mem + at, length, 0);
	ASSERT_EQ((int)length, uring_do(&ring, &sqe));
	memset(self->mem, 0, variant->size);
	ASSERT_EQ(0, munmap(self->mem + at, length));
	sqe = request(IORING_OP_READ_FIXED, disk, self->mem + at, length, 0);
	ASSERT_EQ((int)length, uring_do(&ring, &sqe));
	ASSERT_NE(MAP_FAILED, mmap(self->mem, variant->size,
				   PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, self->fd, 0));
	EXPECT_EQ(-1, mismatch(self->mem + at, length, at, 1));
	EXPECT_EQ(-1, nonzero(self->mem, at));
	EXPECT_EQ(-1, nonzero(self->mem + at + length, 100 * PAGE));
	/*
	 * If a ring is closed with registered buffers, it releases them some time later.
	 */
	EXPECT_EQ(0, uring_unregister(&ring));
	uring_close(&ring);
	close(disk);
}

/* Requests on the node itself, done at once or by a worker. */
TEST_F_TIMEOUT(mapped, node, 60)
{
	static const __u8 flags[] = { 0, IOSQE_ASYNC };
	struct place copy = { .size = variant->size };
	struct io_uring_sqe sqe;
	struct uring ring;
	unsigned int i;

	copy.mem = malloc(copy.size);
	ASSERT_EQ(0, uring_open(&ring));
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		memset(copy.mem, 0, copy.size);
		ASSERT_TRUE(transfer(&ring, IORING_OP_READ, self->fd, &copy));
		EXPECT_EQ(-1, mismatch(copy.mem, copy.size, 0, i + 1));
		fill(copy.mem, copy.size, 0, i + 2);
		ASSERT_TRUE(transfer(&ring, IORING_OP_WRITE, self->fd, &copy));
		EXPECT_EQ(-1, mismatch(self->mem, copy.size, 0, i + 2));
		sqe = request(IORING_OP_READ, self->fd, copy.mem, PAGE,
			      copy.size - 100);
		sqe.flags = flags[i];
		EXPECT_EQ(100, uring_do(&ring, &sqe));
		sqe = request(IORING_OP_WRITE, self->fd, copy.mem, PAGE,
			      copy.size);
		sqe.flags = flags[i];
		EXPECT_EQ(-ENOSPC, uring_do(&ring, &sqe));
	}
	uring_close(&ring);
	free(copy.mem);
}

TEST_HARNESS_MAIN
