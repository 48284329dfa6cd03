// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and polling the node of an interrupt, the same for INTx and for MSI: edu
 * raises INTx until it is acknowledged, or one MSI.
 */
#include <kselftest_harness.h>

#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "lib.h"

#define SOON	2000	/* ms; a wait of this length is a failure */
#define ROUNDS	200

FIXTURE(irq) {
	struct card card;
	struct snapshot before;
	struct edu edu;
	int fd;
};

FIXTURE_VARIANT(irq) {
	const char *type;
};

FIXTURE_VARIANT_ADD(irq, intx) {
	.type = "intx",
};

FIXTURE_VARIANT_ADD(irq, msi) {
	.type = "msi",
};

FIXTURE_SETUP(irq)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	snapshot(&self->card, &self->before);
	/* MSI needs a bus master. */
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	ASSERT_EQ(0, card_write(&self->card, "irq_type", variant->type));
	ASSERT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	ASSERT_EQ(0, edu_open(&self->card, &self->edu));
	self->fd = irq_open(&self->card, 0, O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(irq)
{
	close(self->fd);
	edu_acknowledge(&self->edu);
	edu_close(&self->edu);
	EXPECT_EQ(0, attr_u64(irq_attr(&self->card, 0, "open_count")));
	EXPECT_EQ(NO_NUMBER, irq_handled("pcibuf_irq"));
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(&self->card, "irq_type", "auto"));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static __u64 now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Raise one interrupt, and wait until it was counted. */
static void raise_one(struct __test_metadata *_metadata, struct edu *edu, int fd)
{
	edu_raise(edu);
	ASSERT_EQ(POLLIN, irq_revents(fd, SOON));
}

TEST_F(irq, nothing_at_first)
{
	__u64 line = attr_u64(irq_attr(&self->card, 0, "irq"));
	struct pcibuf_irq_event event;

	EXPECT_EQ(EAGAIN, irq_read(self->fd, &event));
	EXPECT_EQ(0, irq_revents(self->fd, 0));
	EXPECT_EQ(0, attr_u64(irq_attr(&self->card, 0, "count")));
	EXPECT_EQ(1, attr_u64(irq_attr(&self->card, 0, "open_count")));
	EXPECT_EQ(0, attr_u64(irq_attr(&self->card, 0, "vector")));
	EXPECT_NE(NO_NUMBER, irq_handled(pathf("%llu:", line)));
	EXPECT_NE(NO_NUMBER, irq_handled("pcibuf_irq"));
}

TEST_F(irq, each_is_counted_once)
{
	struct pcibuf_irq_event event;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		raise_one(_metadata, &self->edu, self->fd);
		EXPECT_EQ(0, irq_read(self->fd, &event));
		EXPECT_EQ(1, event.count);
		edu_acknowledge(&self->edu);
		EXPECT_EQ(EAGAIN, irq_read(self->fd, &event));
	}
	EXPECT_EQ(ROUNDS, attr_u64(irq_attr(&self->card, 0, "count")));
}

TEST_F(irq, time_of_the_last)
{
	struct pcibuf_irq_event event;
	__u64 before = now(), after;

	raise_one(_metadata, &self->edu, self->fd);
	after = now();
	usleep(10000);
	ASSERT_EQ(0, irq_read(self->fd, &event));
	EXPECT_LE(before, event.time);
	EXPECT_GE(after, event.time);
}

/* A read of a wrong length, or to nowhere, takes nothing. */
TEST_F(irq, lengths)
{
	struct pcibuf_irq_event events[2];
	__u64 halves[2] = { 0, 0 };
	struct iovec parts[] = { { &halves[0], 4 }, { &halves[1], 4 } };
	void *readable = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);

	raise_one(_metadata, &self->edu, self->fd);
	EXPECT_EQ(-1, read(self->fd, events, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->fd, events, 7));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, read(self->fd, readable, 8));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(self->fd, readable, 16));
	EXPECT_EQ(EFAULT, errno);
	memset(events, 0xff, sizeof(events));
	EXPECT_EQ(8, read(self->fd, events, 15));
	EXPECT_EQ(1, events[0].count);
	EXPECT_EQ(NO_NUMBER, events[0].time);

	edu_acknowledge(&self->edu);
	raise_one(_metadata, &self->edu, self->fd);
	EXPECT_EQ(8, readv(self->fd, parts, 2));
	EXPECT_EQ(1, halves[0] | halves[1]);
	edu_acknowledge(&self->edu);
	raise_one(_metadata, &self->edu, self->fd);
	EXPECT_EQ(16, read(self->fd, events, sizeof(events)));
	munmap(readable, PAGE);
}

TEST_F(irq, other_calls)
{
	__u64 word = 1;

	EXPECT_EQ(-1, write(self->fd, &word, sizeof(word)));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pread(self->fd, &word, sizeof(word), 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				   0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, ioctl(self->fd, PCIBUF_IOC_INFO, &word));
	EXPECT_EQ(ENOTTY, errno);
}

/* Every opener sees every interrupt. A descriptor that was duplicated is the same file. */
TEST_F(irq, readers_take_nothing_from_each_other)
{
	int other = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);
	int same = dup(self->fd), late, i;
	struct pcibuf_irq_event event;

	ASSERT_LE(0, other);
	for (i = 0; i < 3; i++) {
		raise_one(_metadata, &self->edu, self->fd);
		edu_acknowledge(&self->edu);
		EXPECT_EQ(0, irq_read(i ? same : self->fd, &event));
		EXPECT_EQ(1, event.count);
		EXPECT_EQ(EAGAIN, irq_read(self->fd, &event));
		EXPECT_EQ(EAGAIN, irq_read(same, &event));
	}
	EXPECT_EQ(POLLIN, irq_revents(other, 0));
	EXPECT_EQ(0, irq_read(other, &event));
	EXPECT_EQ(3, event.count);
	late = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);
	EXPECT_EQ(EAGAIN, irq_read(late, &event));
	EXPECT_EQ(3, attr_u64(irq_attr(&self->card, 0, "open_count")));
	close(late);
	close(other);
	close(same);
}

/* Return an errno of a read that blocks, 0 if it got one interrupt. */
static int blocking_read(const struct card *card, int ready)
{
	int fd = irq_open(card, 0, O_RDONLY);
	struct pcibuf_irq_event event;
	int err;

	if (fd < 0 || write(ready, "", 1) != 1)
		return EPROTO;
	err = irq_read(fd, &event);
	return err || event.count == 1 ? err : EPROTO;
}

/* Start a process that blocks in a read. */
static pid_t reader(struct __test_metadata *_metadata, const struct card *card)
{
	int ready[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid)
		_exit(blocking_read(card, ready[1]));
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	close(ready[0]);
	usleep(100000);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	return pid;
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

TEST_F(irq, blocked_readers_wake)
{
	pid_t a = reader(_metadata, &self->card);
	pid_t b = reader(_metadata, &self->card);

	edu_raise(&self->edu);
	EXPECT_EQ(0, status_of(a));
	EXPECT_EQ(0, status_of(b));
}

static void do_nothing(int number)
{
	(void)number;
}

/* The kernel calls the handler, and does not begin the read again. */
static int interrupted(void *arg)
{
	struct sigaction action = { .sa_handler = do_nothing };
	int fd = irq_open(arg, 0, O_RDONLY);
	struct pcibuf_irq_event event;

	sigaction(SIGALRM, &action, NULL);
	ualarm(100000, 0);
	return irq_read(fd, &event);
}

TEST_F(irq, signals_end_a_read)
{
	EXPECT_EQ(EINTR, in_child(interrupted, &self->card));
}

TEST_F(irq, kill_ends_a_read)
{
	pid_t pid = reader(_metadata, &self->card);
	struct pcibuf_irq_event event;

	EXPECT_EQ(2, attr_u64(irq_attr(&self->card, 0, "open_count")));
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, WTERMSIG(status_of(pid)));
	EXPECT_EQ(1, attr_u64(irq_attr(&self->card, 0, "open_count")));
	raise_one(_metadata, &self->edu, self->fd);
	EXPECT_EQ(0, irq_read(self->fd, &event));
	close(self->fd);
	edu_acknowledge(&self->edu);
	pid = reader(_metadata, &self->card);
	kill(pid, SIGKILL);
	status_of(pid);
	EXPECT_EQ(NO_NUMBER, irq_handled("pcibuf_irq"));
}

static int epoll_of(int fd, int events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? -1 : epoll;
}

static int epoll_events(int epoll, int milliseconds)
{
	struct epoll_event event = { };
	int nr = epoll_wait(epoll, &event, 1, milliseconds);

	return nr > 0 ? (int)event.events : nr;
}

/* Edge-triggered: one event for each interrupt, if the program reads until EAGAIN. */
TEST_F(irq, epoll_by_edge)
{
	int i, epoll = epoll_of(self->fd, EPOLLIN | EPOLLET);
	struct pcibuf_irq_event event;

	ASSERT_LE(0, epoll);
	EXPECT_EQ(0, epoll_events(epoll, 0));
	for (i = 0; i < ROUNDS; i++) {
		edu_raise(&self->edu);
		ASSERT_EQ(EPOLLIN, epoll_events(epoll, SOON));
		EXPECT_EQ(0, epoll_events(epoll, 0));
		EXPECT_EQ(0, irq_read(self->fd, &event));
		edu_acknowledge(&self->edu);
		EXPECT_EQ(EAGAIN, irq_read(self->fd, &event));
	}
	close(epoll);
}

TEST_F(irq, epoll_by_level)
{
	int i, epoll = epoll_of(self->fd, EPOLLIN);
	struct pcibuf_irq_event event;

	ASSERT_LE(0, epoll);
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(0, epoll_events(epoll, 0));
		edu_raise(&self->edu);
		ASSERT_EQ(EPOLLIN, epoll_events(epoll, SOON));
		EXPECT_EQ(EPOLLIN, epoll_events(epoll, 0));
		EXPECT_EQ(0, irq_read(self->fd, &event));
		edu_acknowledge(&self->edu);
	}
	close(epoll);
}

TEST_F(irq, io_uring)
{
	int fd = irq_open(&self->card, 0, O_RDONLY);
	struct pcibuf_irq_event event = { };
	struct io_uring_sqe poll = {
		.opcode = IORING_OP_POLL_ADD, .fd = fd, .poll_events = POLLIN,
	};
	struct io_uring_sqe read = {
		.opcode = IORING_OP_READ, .fd = fd, .off = -1,
		.addr = (unsigned long)&event, .len = sizeof(event),
	};
	struct uring ring;

	ASSERT_EQ(0, uring_open(&ring));
	ASSERT_EQ(0, uring_submit(&ring, &poll));
	edu_raise(&self->edu);
	EXPECT_EQ(POLLIN, uring_wait(&ring) & POLLIN);
	EXPECT_EQ((int)sizeof(event), uring_do(&ring, &read));
	EXPECT_EQ(1, event.count);
	edu_acknowledge(&self->edu);
	ASSERT_EQ(0, uring_submit(&ring, &read));
	usleep(50000);
	edu_raise(&self->edu);
	EXPECT_EQ((int)sizeof(event), uring_wait(&ring));
	EXPECT_EQ(1, event.count);
	uring_close(&ring);
	close(fd);
}

TEST_HARNESS_MAIN
