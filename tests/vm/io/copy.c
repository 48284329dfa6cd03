// SPDX-License-Identifier: GPL-2.0-only
/*
 * read and write of every size, at every offset, from and to every address. A signal, a
 * revoke or the end of the process interrupts them.
 */
#include <kselftest_harness.h>

#include <signal.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "lib.h"

#define SIZE	(5 * MIB + 3 * PAGE)	/* two huge pages and a tail */
#define LONG	(64 * MIB)		/* a copy takes longer than TICK_US */
#define TICK_US	3000
#define TRIES	50
#define ROUNDS	8

FIXTURE(copy) {
	struct card card;
	struct buf rx;
	unsigned char *model;	/* the expected contents of the buffer */
	unsigned char *room;
};

FIXTURE_SETUP(copy)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx", &self->rx));
	self->model = malloc(SIZE);
	self->room = malloc(SIZE + PAGE);
	fill(self->rx.mem, SIZE, 0, 1);
	fill(self->model, SIZE, 0, 1);
}

FIXTURE_TEARDOWN(copy)
{
	free(self->room);
	free(self->model);
	buf_put(&self->rx);
	EXPECT_EQ(0, card_reset(&self->card));
}

static const size_t places[] = {
	0, 1, 511, PAGE - 1, PAGE, PAGE + 1, MIB - 3, HUGE_PAGE - 1, HUGE_PAGE,
	HUGE_PAGE + 7, 4 * MIB - 1, 4 * MIB, SIZE - PAGE, SIZE - 8, SIZE - 1,
};

static const size_t lengths[] = {
	1, 2, 7, 8, 9, 511, 512, 513, PAGE - 1, PAGE, PAGE + 1, 64 * KIB - 1,
	64 * KIB, 64 * KIB + 1, MIB, HUGE_PAGE - 1, HUGE_PAGE, HUGE_PAGE + 1,
	4 * MIB, SIZE,
};

/* Return the expected result of a call for @length bytes at @at. */
static ssize_t expected(size_t at, size_t length)
{
	return length < SIZE - at ? length : SIZE - at;
}

TEST_F_TIMEOUT(copy, read_anywhere, 120)
{
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		for (k = 0; k < ARRAY_SIZE(lengths); k++) {
			unsigned char *to = self->room + (i + k) % 9;
			ssize_t count = expected(places[i], lengths[k]);

			to[count] = 0x5a;
			ASSERT_EQ(count, pread(self->rx.fd, to, lengths[k],
					       places[i]));
			ASSERT_EQ(0, memcmp(self->model + places[i], to,
					    count));
			ASSERT_EQ(0x5a, to[count]);
		}
}

TEST_F_TIMEOUT(copy, write_anywhere, 120)
{
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		for (k = 0; k < ARRAY_SIZE(lengths); k++) {
			unsigned char *from = self->room + (i + k) % 9;
			ssize_t count = expected(places[i], lengths[k]);
			size_t before = places[i] < PAGE ? places[i] : PAGE;

			fill(from, count, 0, 2 + i + k);
			memcpy(self->model + places[i], from, count);
			ASSERT_EQ(count, pwrite(self->rx.fd, from, lengths[k],
						places[i]));
			ASSERT_EQ(0, memcmp(self->rx.mem + places[i] - before,
					    self->model + places[i] - before,
					    before + count));
		}
	EXPECT_EQ(0, memcmp(self->rx.mem, self->model, SIZE));
}

/* Read block after block from the first byte to the last, as dd does. */
TEST_F_TIMEOUT(copy, block_after_block, 120)
{
	static const size_t blocks[] = {
		333, 512, PAGE, 12345, 64 * KIB, MIB, HUGE_PAGE, 3 * MIB + 1,
		SIZE, 2 * SIZE,
	};
	unsigned char *big = malloc(2 * SIZE);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		size_t done = 0;
		ssize_t got;

		ASSERT_EQ(0, lseek(self->rx.fd, 0, SEEK_SET));
		while ((got = read(self->rx.fd, big, blocks[i])) > 0) {
			ASSERT_EQ(expected(done, blocks[i]), got);
			ASSERT_EQ(0, memcmp(big, self->model + done, got));
			done += got;
		}
		EXPECT_EQ(SIZE, done);
		fill(self->model, SIZE, 0, 3 + i);
		ASSERT_EQ(0, lseek(self->rx.fd, 0, SEEK_SET));
		for (done = 0; done < SIZE; done += got) {
			memcpy(big, self->model + done,
			       expected(done, blocks[i]));
			got = write(self->rx.fd, big, blocks[i]);
			ASSERT_EQ(expected(done, blocks[i]), got);
		}
		EXPECT_EQ(-1, write(self->rx.fd, big, blocks[i]));
		EXPECT_EQ(ENOSPC, errno);
		EXPECT_EQ(0, memcmp(self->rx.mem, self->model, SIZE));
	}
	free(big);
}

/* One call reads into many small parts, and one writes from them. */
TEST_F_TIMEOUT(copy, pieces, 60)
{
	struct iovec parts[64];
	size_t at = HUGE_PAGE - 700, all = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		parts[i].iov_base = self->room + all;
		parts[i].iov_len = i * 37 % 1000;
		all += parts[i].iov_len;
	}
	ASSERT_EQ((ssize_t)all, preadv(self->rx.fd, parts, ARRAY_SIZE(parts),
				       at));
	EXPECT_EQ(0, memcmp(self->room, self->model + at, all));
	fill(self->room, all, 0, 4);
	memcpy(self->model + at, self->room, all);
	ASSERT_EQ((ssize_t)all, pwritev(self->rx.fd, parts, ARRAY_SIZE(parts),
					at));
	EXPECT_EQ(0, memcmp(self->rx.mem, self->model, SIZE));
}

/* Make a buffer whose copy takes long, and memory of the same size. */
static unsigned char *make_long(struct __test_metadata *_metadata,
				struct card *card, struct buf *slow)
{
	unsigned char *copy = malloc(LONG);

	if (!any_size())
		SKIP(_exit(255), "no such size without an IOMMU");
	ASSERT_EQ(0, buf_make(card, "alloc_sg", LONG, "slow", slow));
	fill(slow->mem, LONG, 0, 7);
	memset(copy, 0, LONG);
	return copy;
}

static void ignore(int sig)
{
	(void)sig;
}

/* Raise one signal soon. The handler does not restart calls. */
static void signal_soon(void)
{
	const struct sigaction action = { .sa_handler = ignore };
	const struct itimerval soon = { .it_value.tv_usec = TICK_US };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
}

/* The call ends early. Its result and the file position match the copied bytes. */
TEST_F_TIMEOUT(copy, read_ended_by_a_signal, 60)
{
	struct buf slow;
	unsigned char *copy = make_long(_metadata, &self->card, &slow);
	ssize_t got = LONG;
	int tries;

	for (tries = 0; tries < TRIES && got == (ssize_t)LONG; tries++) {
		ASSERT_EQ(0, lseek(slow.fd, 0, SEEK_SET));
		signal_soon();
		got = read(slow.fd, copy, LONG);
	}
	EXPECT_GT((ssize_t)LONG, got);
	ASSERT_LT(0, got);
	EXPECT_EQ(got, lseek(slow.fd, 0, SEEK_CUR));
	EXPECT_EQ(-1, mismatch(copy, got, 0, 7));
	EXPECT_EQ((ssize_t)LONG - got, read(slow.fd, copy + got, LONG));
	EXPECT_EQ(-1, mismatch(copy, LONG, 0, 7));
	buf_put(&slow);
	free(copy);
}

TEST_F_TIMEOUT(copy, write_ended_by_a_signal, 60)
{
	struct buf slow;
	unsigned char *copy = make_long(_metadata, &self->card, &slow);
	ssize_t got = LONG;
	int tries;

	for (tries = 0; tries < TRIES && got == (ssize_t)LONG; tries++) {
		fill(copy, LONG, 0, 8 + tries);
		ASSERT_EQ(0, lseek(slow.fd, 0, SEEK_SET));
		signal_soon();
		got = write(slow.fd, copy, LONG);
	}
	EXPECT_GT((ssize_t)LONG, got);
	ASSERT_LT(0, got);
	EXPECT_EQ(got, lseek(slow.fd, 0, SEEK_CUR));
	EXPECT_EQ(-1, mismatch(slow.mem, got, 0, 7 + tries));
	EXPECT_EQ((ssize_t)LONG - got, write(slow.fd, copy + got, LONG));
	EXPECT_EQ(-1, mismatch(slow.mem, LONG, 0, 7 + tries));
	buf_put(&slow);
	free(copy);
}

/* Read and write until a call fails. Return the errno. */
static int copy_until_gone(int fd, unsigned char *copy)
{
	while (pread(fd, copy, LONG, 0) > 0 && pwrite(fd, copy, LONG, 0) > 0)
		;
	return errno;
}

TEST_F_TIMEOUT(copy, ended_by_revoke, 120)
{
	struct buf slow, other;
	unsigned char *copy = make_long(_metadata, &self->card, &slow);
	int round, status;
	pid_t pid;

	for (round = 0; round < ROUNDS; round++) {
		pid = fork();
		if (!pid)
			_exit(copy_until_gone(slow.fd, copy));
		usleep(5000 + 9000 * round);
		ASSERT_EQ(0, card_write(&self->card, "revoke", "slow"));
		ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", LONG, "slow",
				      &other));
		EXPECT_EQ(-1, nonzero(other.mem, LONG));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(ENODEV << 8, status);
		EXPECT_EQ(-1, nonzero(other.mem, LONG));
		buf_put(&slow);
		slow = other;
	}
	buf_put(&slow);
	free(copy);
}

TEST_F_TIMEOUT(copy, ended_by_the_end_of_its_process, 60)
{
	struct buf slow;
	unsigned char *copy = make_long(_metadata, &self->card, &slow);
	int round, status;
	pid_t pid;

	for (round = 0; round < ROUNDS; round++) {
		pid = fork();
		if (!pid)
			_exit(copy_until_gone(slow.fd, copy));
		usleep(5000 + 9000 * round);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(SIGKILL, status);
	}
	buf_put(&slow);
	EXPECT_EQ(0, card_write(&self->card, "free", "slow"));
	free(copy);
}

TEST_HARNESS_MAIN
