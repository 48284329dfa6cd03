// SPDX-License-Identifier: GPL-2.0-only
/* read, write and similar calls, as dd, hexdump, cmp and Python use them. */
#include <kselftest_harness.h>

#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "lib.h"

#define SIZE	(2 * MIB + 3 * PAGE)	/* a huge page and a tail */

FIXTURE(rw) {
	struct card card;
	struct buf rx;
	unsigned char *copy;
};

FIXTURE_SETUP(rw)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx", &self->rx));
	fill(self->rx.mem, SIZE, 0, 1);
	self->copy = calloc(1, SIZE + PAGE);
}

FIXTURE_TEARDOWN(rw)
{
	free(self->copy);
	buf_put(&self->rx);
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Read all of it, in as many calls as needed. Return the bytes read. */
static ssize_t read_all(int fd, unsigned char *to, size_t size)
{
	size_t done = 0;
	ssize_t got;

	while (done < size && (got = read(fd, to + done, size - done))) {
		if (got < 0)
			return got;
		done += got;
	}
	return done;
}

TEST_F(rw, read_to_the_end)
{
	EXPECT_EQ((ssize_t)SIZE, read_all(self->rx.fd, self->copy, SIZE));
	EXPECT_EQ(-1, mismatch(self->copy, SIZE, 0, 1));
	EXPECT_EQ(0, read(self->rx.fd, self->copy, 1));
	EXPECT_EQ(0, read(self->rx.fd, self->copy, PAGE));
	EXPECT_EQ((off_t)SIZE, lseek(self->rx.fd, 0, SEEK_CUR));
}

TEST_F(rw, read_in_odd_pieces)
{
	size_t done = 0;
	ssize_t got;

	while ((got = read(self->rx.fd, self->copy + done, 12345)) > 0)
		done += got;
	EXPECT_EQ(0, got);
	EXPECT_EQ(SIZE, done);
	EXPECT_EQ(-1, mismatch(self->copy, SIZE, 0, 1));
}

TEST_F(rw, read_across_the_end_is_short)
{
	EXPECT_EQ(100, pread(self->rx.fd, self->copy, PAGE, SIZE - 100));
	EXPECT_EQ(0, memcmp(self->copy, self->rx.mem + SIZE - 100, 100));
	EXPECT_EQ(0, pread(self->rx.fd, self->copy, PAGE, SIZE));
	EXPECT_EQ(0, pread(self->rx.fd, self->copy, PAGE, SIZE + PAGE));
	EXPECT_EQ(0, pread(self->rx.fd, self->copy, PAGE, 1ULL << 62));
	EXPECT_EQ(0, pread(self->rx.fd, self->copy, 0, 0));
	EXPECT_EQ(-1, pread(self->rx.fd, self->copy, 1, -1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(rw, write_to_the_end)
{
	size_t done = 0;
	ssize_t got;

	fill(self->copy, SIZE, 0, 2);
	while (done < SIZE && (got = write(self->rx.fd, self->copy + done,
					   SIZE - done)) > 0)
		done += got;
	EXPECT_EQ(SIZE, done);
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 2));
	EXPECT_EQ(-1, write(self->rx.fd, "x", 1));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 2));
}

TEST_F(rw, write_across_the_end_is_short)
{
	EXPECT_EQ(100, pwrite(self->rx.fd, self->copy, PAGE, SIZE - 100));
	EXPECT_EQ(-1, nonzero(self->rx.mem + SIZE - 100, 100));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE - 104, 0, 1));
	EXPECT_EQ(-1, pwrite(self->rx.fd, "x", 1, SIZE));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, pwrite(self->rx.fd, "x", 1, 1ULL << 62));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(0, pwrite(self->rx.fd, "x", 0, 0));
	EXPECT_EQ(-1, pwrite(self->rx.fd, "x", 1, -1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(rw, seek)
{
	EXPECT_EQ((off_t)SIZE, lseek(self->rx.fd, 0, SEEK_END));
	EXPECT_EQ((off_t)SIZE - 8, lseek(self->rx.fd, -8, SEEK_END));
	EXPECT_EQ(8, read(self->rx.fd, self->copy, PAGE));
	EXPECT_EQ((off_t)PAGE, lseek(self->rx.fd, PAGE, SEEK_SET));
	EXPECT_EQ((off_t)PAGE + 8, lseek(self->rx.fd, 8, SEEK_CUR));
	EXPECT_EQ(-1, lseek(self->rx.fd, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(self->rx.fd, 0, 99));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ((off_t)PAGE + 8, lseek(self->rx.fd, 0, SEEK_CUR));
}

TEST_F(rw, descriptor_of_one_direction)
{
	int in = buf_open(&self->card, "rx", O_RDONLY);
	int out = buf_open(&self->card, "rx", O_WRONLY);

	EXPECT_EQ(-1, write(in, "x", 1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, read(out, self->copy, 1));
	EXPECT_EQ(EBADF, errno);
	close(in);
	close(out);
}

/* Copies from and to unmapped memory return an errno and keep the buffer unchanged. */
TEST_F(rw, bad_address)
{
	char *bad = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, bad);
	ASSERT_EQ(0, munmap(bad + PAGE, PAGE));
	EXPECT_EQ(-1, pread(self->rx.fd, bad + PAGE, PAGE, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pwrite(self->rx.fd, bad + PAGE, PAGE, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 1));
	EXPECT_GE((ssize_t)PAGE, pread(self->rx.fd, bad, 2 * PAGE, 0));
	munmap(bad, PAGE);
}

/* A buffer is read into its own mapping: the copy and the fault must not deadlock. */
TEST_F(rw, into_its_own_mapping)
{
	struct buf fresh;

	ASSERT_EQ(0, buf_get(&self->card, "rx", SIZE, &fresh));
	EXPECT_EQ((ssize_t)PAGE, pread(self->rx.fd, fresh.mem + PAGE, PAGE, 0));
	EXPECT_EQ(-1, mismatch(fresh.mem + PAGE, PAGE, 0, 1));
	buf_put(&fresh);
	ASSERT_EQ(0, buf_get(&self->card, "rx", SIZE, &fresh));
	EXPECT_EQ((ssize_t)PAGE, pwrite(self->rx.fd, fresh.mem + 2 * PAGE, PAGE,
					HUGE_PAGE + PAGE));
	EXPECT_EQ(-1, mismatch(self->rx.mem + HUGE_PAGE + PAGE, PAGE, 2 * PAGE,
			       1));
	buf_put(&fresh);
}

TEST_F(rw, readv)
{
	struct iovec parts[] = {
		{ self->copy, 10 }, { self->copy + 10, 100 },
		{ self->copy + 110, 3 * PAGE },
	};

	EXPECT_EQ((ssize_t)(110 + 3 * PAGE), readv(self->rx.fd, parts, 3));
	EXPECT_EQ(0, memcmp(self->copy, self->rx.mem, 110 + 3 * PAGE));
}

static int temporary_file(void)
{
	char name[] = "/tmp/pcibuf-test-XXXXXX";
	int fd = mkstemp(name);

	unlink(name);
	return fd;
}

/* Old kernels (5.10) allow sendfile only from regular files and disks. */
static bool sendfile_takes_devices(void)
{
	int from = open("/dev/urandom", O_RDONLY);
	int to = open("/dev/null", O_WRONLY);
	bool taken = sendfile(to, from, NULL, 1) == 1;

	close(from);
	close(to);
	return taken;
}

TEST_F_TIMEOUT(rw, sendfile, 60)
{
	int fd = temporary_file();
	size_t done = 0;
	off_t at = 0;
	ssize_t got;

	if (!sendfile_takes_devices())
		SKIP(return, "this kernel's sendfile() takes no device");
	ASSERT_LE(0, fd);
	while ((got = sendfile(fd, self->rx.fd, &at, SIZE + PAGE)) > 0)
		done += got;
	EXPECT_EQ(0, got) {
		TH_LOG("sendfile: %s", strerror(errno));
	}
	EXPECT_EQ(SIZE, done);
	EXPECT_EQ((ssize_t)SIZE, pread(fd, self->copy, SIZE + PAGE, 0));
	EXPECT_EQ(-1, mismatch(self->copy, SIZE, 0, 1));
	close(fd);
}

/* Data in a pipe stays the same when the buffer changes or is freed. */
TEST_F(rw, splice)
{
	loff_t at = PAGE;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ((ssize_t)PAGE, splice(self->rx.fd, &at, pipes[1], NULL, PAGE,
					0));
	EXPECT_EQ(2 * (loff_t)PAGE, at);
	memset(self->rx.mem, 0, 3 * PAGE);
	ASSERT_EQ(0, card_write(&self->card, "revoke", "rx"));
	ASSERT_EQ((ssize_t)PAGE, read(pipes[0], self->copy, PAGE));
	EXPECT_EQ(-1, mismatch(self->copy, PAGE, PAGE, 1));
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(rw, splice_at_the_end)
{
	loff_t at = SIZE;
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(0, splice(self->rx.fd, &at, pipes[1], NULL, PAGE, 0));
	close(pipes[0]);
	close(pipes[1]);
}

/* There is nothing to write back, and no reason to fail. */
TEST_F(rw, sync)
{
	EXPECT_EQ(0, msync(self->rx.mem, SIZE, MS_SYNC));
	EXPECT_EQ(0, fsync(self->rx.fd));
	EXPECT_EQ(0, fdatasync(self->rx.fd));
}

TEST_F(rw, other_requests_are_enotty)
{
	EXPECT_EQ(-1, ioctl(self->rx.fd, 0x5401 /* TCGETS */, self->copy));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->rx.fd, _IO(PCIBUF_IOC_MAGIC, 0x7f), 0));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_HARNESS_MAIN
