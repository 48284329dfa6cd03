// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a buffer and of a card. A request is refused while a buffer is in use, or
 * it ends the use by SIGBUS and ENODEV and nothing worse.
 */
#include <kselftest_harness.h>

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "lib.h"

#define SIZE	(4 * MIB - 3 * PAGE)	/* a huge page and a tail */
#define ROUNDS	20

FIXTURE(life) {
	struct card card;
	struct snapshot before;
	struct buf rx;
	unsigned char *small;	/* a second mapping, out of step */
};

FIXTURE_SETUP(life)
{
	unsigned char *room;

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx", &self->rx));
	fill(self->rx.mem, SIZE, 0, 1);
	room = mmap(NULL, SIZE + 4 * HUGE_PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, room);
	room = (unsigned char *)(((unsigned long)room + HUGE_PAGE) &
				 ~(HUGE_PAGE - 1));
	self->small = mmap(room + 3 * PAGE, SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_FIXED, self->rx.fd, 0);
	ASSERT_EQ(room + 3 * PAGE, self->small);
	EXPECT_EQ(-1, mismatch(self->small, SIZE, 0, 1));
}

FIXTURE_TEARDOWN(life)
{
	munmap(self->small, SIZE);
	buf_put(&self->rx);
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* What poll() reports at once, without a wait; or -1. */
static int polled(int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };

	return poll(&one, 1, 0) < 0 ? -1 : one.revents;
}

/* Every call on a descriptor fails after its buffer is gone. */
static void check_calls_fail(struct __test_metadata *_metadata, int fd)
{
	struct pcibuf_info info;
	struct pcibuf_segment segment;
	char byte = 0;
	__u32 one = 1;

	EXPECT_EQ(-1, pread(fd, &byte, 1, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, pwrite(fd, &byte, 1, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, pread(fd, &byte, 1, SIZE));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(ENODEV, buf_info(fd, &info));
	EXPECT_EQ(ENODEV, buf_segments(fd, &segment, 0, &one));
	EXPECT_EQ(-1, ioctl(fd, PCIBUF_IOC_INFO, NULL));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, ioctl(fd, _IO(PCIBUF_IOC_MAGIC, 0x7f), 0));
	EXPECT_EQ(-1, fsync(fd));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, buf_map(fd, PAGE, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(POLLERR | POLLHUP, polled(fd, POLLIN | POLLOUT));
}

/* Touch pages of every size in a mapping, including pages never touched before. */
static void check_gone(struct __test_metadata *_metadata, unsigned char *map)
{
	static const __u64 places[] = {
		0, PAGE - 1, PAGE, HUGE_PAGE - 1, HUGE_PAGE, 3 * MIB,
		SIZE - PAGE, SIZE - 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		EXPECT_EQ(SIGBUS, touch(map + places[i])) {
			TH_LOG("at %#llx", places[i]);
		}
	}
}

static void check_all_gone(struct __test_metadata *_metadata,
			   struct buf *rx, unsigned char *small)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { rx->mem, 1 };

	check_gone(_metadata, rx->mem);
	check_gone(_metadata, small);
	check_calls_fail(_metadata, rx->fd);
	EXPECT_EQ(-1, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, munmap(small + PAGE, HUGE_PAGE));
	EXPECT_EQ(SIGBUS, touch(small));
}

TEST_F(life, free_is_refused_while_in_use)
{
	struct buf *rx = &self->rx;

	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "rx"));
	close(rx->fd);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "rx"));
	munmap(rx->mem, SIZE);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "0"));
	munmap(self->small, HUGE_PAGE);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(-1, mismatch(self->small + HUGE_PAGE, SIZE - HUGE_PAGE,
			       HUGE_PAGE, 1));
	munmap(self->small, SIZE);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	rx->fd = -1;
}

/* A process waits in poll() for nothing but the end of the buffer. */
static int waits_for_the_end(void *arg)
{
	struct pollfd one = { .fd = *(int *)arg };

	if (poll(&one, 1, 30000) != 1)
		return ETIMEDOUT;
	return one.revents == (POLLERR | POLLHUP) ? 0 : EPROTO;
}

TEST_F(life, poll_tells_the_end)
{
	int status = -1;
	pid_t pid;

	EXPECT_EQ(POLLIN | POLLOUT, polled(self->rx.fd, POLLIN | POLLOUT));
	EXPECT_EQ(0, polled(self->rx.fd, 0));
	pid = fork();
	if (!pid)
		_exit(waits_for_the_end(&self->rx.fd));
	usleep(200000);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(POLLIN, polled(self->rx.fd, POLLIN));
	EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(life, revoke_while_mapped)
{
	EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_buffers")));
	EXPECT_STREQ("", buf_node(&self->card, "rx"));
	EXPECT_EQ(ENOENT, card_write(&self->card, "revoke", "rx"));
	check_all_gone(_metadata, &self->rx, self->small);
}

/* A new buffer has the same label and the same memory. The old mapping never shows it. */
TEST_F(life, revoked_mapping_never_shows_another_buffer)
{
	struct buf other;
	int i;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K held"));
	EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx",
				      &other));
		EXPECT_EQ(-1, nonzero(other.mem, SIZE));
		fill(other.mem, SIZE, 0, 2);
		check_gone(_metadata, self->rx.mem);
		check_gone(_metadata, self->small);
		EXPECT_EQ(-1, mismatch(other.mem, SIZE, 0, 2));
		buf_put(&other);
		ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	}
	check_calls_fail(_metadata, self->rx.fd);
}

TEST_F(life, unbind_while_mapped)
{
	char node[64];

	snprintf(node, sizeof(node), "%s", buf_node(&self->card, "rx"));
	ASSERT_EQ(0, card_unbind(&self->card));
	check_all_gone(_metadata, &self->rx, self->small);
	EXPECT_EQ(-1, access(card_attr(&self->card, ""), F_OK));
	EXPECT_EQ(-1, open(node, O_RDWR));
	EXPECT_EQ(ENOENT, errno);
	/* Bind again, while the old buffer is still held. */
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_buffers")));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "allocated_bytes")));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_STRNE(node, buf_node(&self->card, "rx"));
	check_gone(_metadata, self->rx.mem);
	check_calls_fail(_metadata, self->rx.fd);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
}

/* Writes to files that were opened before the unbind fail. */
TEST_F(life, open_attributes_after_unbind)
{
	int alloc = open(card_attr(&self->card, "alloc"), O_WRONLY);
	int bus = open(buf_attr(&self->card, "rx", "dma_addr"), O_RDONLY);
	int list = open(buf_attr(&self->card, "rx", "segments"), O_RDONLY);
	char byte;

	ASSERT_LE(0, alloc);
	ASSERT_EQ(0, card_unbind(&self->card));
	EXPECT_EQ(-1, write(alloc, "4K rx", 5));
	EXPECT_EQ(ENODEV, errno);
	if (bus >= 0) {
		EXPECT_EQ(-1, read(bus, &byte, 1));
		EXPECT_EQ(ENODEV, errno);
	}
	EXPECT_EQ(-1, read(list, &byte, 1));
	EXPECT_EQ(ENODEV, errno);
	close(alloc);
	close(bus);
	close(list);
}

/* Return SIGBUS if every page raises it. */
static int all_gone(unsigned char *map)
{
	__u64 at;
	int sig = SIGBUS;

	for (at = 0; at < SIZE && sig == SIGBUS; at += PAGE)
		sig = touch(map + at);
	return sig;
}

/*
 * Drop pages and fault them in again all the time. The first signal may come before
 * revoke has unmapped all pages. A moment later all pages must be unmapped.
 */
static int touch_until_gone(unsigned char *map)
{
	__u64 at;
	int sig = 0;

	for (at = 0; !sig; at = (at + PAGE) % SIZE) {
		if (!at)
			madvise(map, SIZE, MADV_DONTNEED);
		sig = touch(map + at);
	}
	usleep(200000);
	return all_gone(map);
}

static int work_until_gone(struct buf *rx, unsigned char *small)
{
	pid_t pid = fork();
	int status, sig;

	if (!pid)
		_exit(touch_until_gone(small));
	sig = touch_until_gone(rx->mem);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 0;
	return sig == SIGBUS ? WEXITSTATUS(status) : sig;
}

/* Two processes fault all the time, in both modes. SIGBUS ends each of them. */
TEST_F_TIMEOUT(life, revoke_under_load, 120)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < ROUNDS; i++) {
		pid = fork();
		if (!pid)
			_exit(work_until_gone(&self->rx, self->small));
		usleep(5000 * (i % 5));
		EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_EQ(SIGBUS, WEXITSTATUS(status));
		buf_put(&self->rx);
		ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx",
				      &self->rx));
		ASSERT_EQ(self->small,
			  mmap(self->small, SIZE, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED, self->rx.fd, 0));
	}
}

/* Children of children have mappings, and none of them has a descriptor. */
TEST_F(life, revoke_reaches_forked_mappings)
{
	int status, pipes[2];
	pid_t pid;
	char byte;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	if (!pid) {
		close(self->rx.fd);
		close(pipes[1]);
		if (read(pipes[0], &byte, 1) != 0)
			_exit(1);
		_exit(touch(self->rx.mem) == SIGBUS &&
		      touch(self->small + SIZE - 1) == SIGBUS ? 0 : 2);
	}
	close(pipes[0]);
	EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
	close(pipes[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Bind and unbind repeatedly, with a buffer and a mapping each time. */
TEST_F_TIMEOUT(life, unbind_rounds, 120)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, card_unbind(&self->card));
		EXPECT_EQ(SIGBUS, touch(self->rx.mem));
		buf_put(&self->rx);
		ASSERT_EQ(0, card_bind(&self->card));
		ASSERT_EQ(0, buf_make(&self->card, "alloc", 64 * KIB, "rx",
				      &self->rx));
		self->rx.mem[i * PAGE % (64 * KIB)] = i;
	}
}

/* Processes write to alloc and read all attributes while the card is unbound. */
static int allocate_and_free(void *arg)
{
	int i, err = 0;

	for (i = 0; i < 100000 && err != ENODEV && err != ENOENT; i++) {
		err = card_write(arg, "alloc", "4K w%d", getpid());
		if (!err)
			err = card_write(arg, "free", "w%d", getpid());
	}
	return err;
}

TEST_F_TIMEOUT(life, unbind_under_load, 120)
{
	int i, round, status;
	pid_t pids[3];

	for (round = 0; round < 5; round++) {
		for (i = 0; i < 3; i++) {
			pids[i] = fork();
			if (!pids[i])
				_exit(allocate_and_free(&self->card));
		}
		usleep(20000 * (round + 1));
		EXPECT_EQ(0, card_unbind(&self->card));
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
			EXPECT_TRUE(WEXITSTATUS(status) == ENODEV ||
				    WEXITSTATUS(status) == ENOENT);
		}
		ASSERT_EQ(0, card_bind(&self->card));
		EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_buffers")));
	}
}

TEST_HARNESS_MAIN
