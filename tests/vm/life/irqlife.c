// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of a card while tasks wait for its interrupts in every way: what takes the
 * interrupt away ends all waits; after a reset all wait on, and get the next one.
 */
#include <kselftest_harness.h>

#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#include "lib.h"

#define WAITERS	4	/* read, poll, epoll, io_uring */
#define SOON	2000	/* ms */
#define ROUNDS	10

FIXTURE(irqlife) {
	struct card card;
	struct snapshot before;
	pid_t waiters[WAITERS];
	int fd;
};

FIXTURE_VARIANT(irqlife) {
	const char *type;
};

FIXTURE_VARIANT_ADD(irqlife, intx) {
	.type = "intx",
};

FIXTURE_VARIANT_ADD(irqlife, msi) {
	.type = "msi",
};

static int set_up(const struct card *card, const char *type)
{
	int err = card_write(card, "dma_mask_bits", "%u", card->mask);

	if (!err)
		err = card_write(card, "alloc", "4K rx");
	if (!err)
		err = card_write(card, "irq_type", type);
	return err ? err : card_write(card, "nr_irqs", "1");
}

/* Each function waits, and returns 0 for an interrupt, or an errno. */
static int by_read(int fd)
{
	struct pcibuf_irq_event event;

	return irq_read(fd, &event);
}

static int of_events(int events)
{
	if (events == POLLIN)
		return 0;
	return events == (POLLERR | POLLHUP) ? ENODEV : EPROTO;
}

static int by_poll(int fd)
{
	return of_events(irq_revents(fd, -1));
}

static int by_epoll(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ||
	    epoll_wait(epoll, &event, 1, -1) != 1)
		return EPROTO;
	return of_events(event.events);
}

static int by_uring(int fd)
{
	struct pcibuf_irq_event event = { };
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ, .fd = fd, .off = -1,
		.addr = (unsigned long)&event, .len = sizeof(event),
	};
	struct uring ring;
	int ret = uring_open(&ring);

	if (ret)
		return EPROTO;
	ret = uring_do(&ring, &sqe);
	return ret < 0 ? -ret : ret == sizeof(event) ? 0 : EPROTO;
}

static int (*const ways[WAITERS])(int fd) = {
	by_read, by_poll, by_epoll, by_uring,
};

static void waiters_start(struct __test_metadata *_metadata,
			  struct _test_data_irqlife *self)
{
	unsigned int i;

	for (i = 0; i < WAITERS; i++) {
		self->waiters[i] = fork();
		if (!self->waiters[i])
			_exit(ways[i](irq_open(&self->card, 0, O_RDONLY)));
	}
	while (attr_u64(irq_attr(&self->card, 0, "open_count")) < WAITERS + 1)
		usleep(10000);
	usleep(100000);
	for (i = 0; i < WAITERS; i++)
		ASSERT_EQ(0, waitpid(self->waiters[i], NULL, WNOHANG));
}

/* All waiters end with this errno. */
static void waiters_end(struct __test_metadata *_metadata,
			struct _test_data_irqlife *self, int err)
{
	unsigned int i;
	int status;

	for (i = 0; i < WAITERS; i++) {
		status = -1;
		waitpid(self->waiters[i], &status, 0);
		EXPECT_EQ(err, WEXITSTATUS(status)) {
			TH_LOG("waiter %u: status %#x", i, status);
		}
		self->waiters[i] = 0;
	}
}

FIXTURE_SETUP(irqlife)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, set_up(&self->card, variant->type));
	self->fd = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	waiters_start(_metadata, self);
}

FIXTURE_TEARDOWN(irqlife)
{
	unsigned int i;

	for (i = 0; i < WAITERS; i++)
		if (self->waiters[i])
			kill(self->waiters[i], SIGKILL);
	close(self->fd);
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(&self->card, "irq_type", "auto"));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(NO_NUMBER, irq_handled("pcibuf_irq"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static void raise_at(struct __test_metadata *_metadata, const struct card *card)
{
	struct edu edu;

	ASSERT_EQ(0, edu_open(card, &edu));
	edu_raise(&edu);
	usleep(100000);
	edu_acknowledge(&edu);
	edu_close(&edu);
}

/* The interrupt was taken away: calls on the old descriptor fail. */
static void check_gone(struct __test_metadata *_metadata,
		       struct _test_data_irqlife *self)
{
	char byte[16];

	waiters_end(_metadata, self, ENODEV);
	EXPECT_EQ(ENODEV, by_read(self->fd));
	EXPECT_EQ(-1, read(self->fd, byte, 1));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(POLLERR | POLLHUP, irq_revents(self->fd, 0));
	EXPECT_EQ(NO_NUMBER, irq_handled("pcibuf_irq"));
}

/* A new node works, while the old descriptor is still open and stays dead. */
static void check_again(struct __test_metadata *_metadata,
			struct _test_data_irqlife *self)
{
	int fd = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, fd);
	raise_at(_metadata, &self->card);
	EXPECT_EQ(POLLIN, irq_revents(fd, SOON));
	EXPECT_EQ(0, by_read(fd));
	EXPECT_EQ(ENODEV, by_read(self->fd));
	close(fd);
}

TEST_F(irqlife, taken_away_by_root)
{
	char node[64];

	snprintf(node, sizeof(node), "%s", irq_node(&self->card, 0));
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	EXPECT_NE(0, access(node, F_OK));
	EXPECT_STREQ("", irq_node(&self->card, 0));
	check_gone(_metadata, self);
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	EXPECT_STRNE(node, irq_node(&self->card, 0));
	check_again(_metadata, self);
}

TEST_F(irqlife, unbound)
{
	EXPECT_EQ(0, card_unbind(&self->card));
	check_gone(_metadata, self);
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_irqs")));
	EXPECT_EQ(0, set_up(&self->card, variant->type));
	check_again(_metadata, self);
}

TEST_F_TIMEOUT(irqlife, unplugged, 120)
{
	monitor("device_del card%d", self->card.slot);
	EXPECT_TRUE(wait_for(pci_attr(&self->card, "driver_override"), false));
	check_gone(_metadata, self);
	EXPECT_TRUE(card_plug(&self->card));
	EXPECT_EQ(0, card_bind_new(&self->card));
	EXPECT_EQ(0, set_up(&self->card, variant->type));
	check_again(_metadata, self);
}

/* A reset ends no wait. The next interrupt ends all. */
TEST_F(irqlife, reset)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		EXPECT_EQ(0, attr_write(pci_attr(&self->card, "reset"), "1"));
	usleep(100000);
	EXPECT_EQ(0, irq_revents(self->fd, 0));
	for (i = 0; i < WAITERS; i++)
		EXPECT_EQ(0, waitpid(self->waiters[i], NULL, WNOHANG));
	raise_at(_metadata, &self->card);
	waiters_end(_metadata, self, 0);
	EXPECT_EQ(0, by_read(self->fd));
}

/* Bus mastering comes and goes, in the same register in which INTx is masked. */
TEST_F_TIMEOUT(irqlife, buffers_come_and_go, 120)
{
	struct edu edu;
	pid_t pid;
	int i;

	raise_at(_metadata, &self->card);
	waiters_end(_metadata, self, 0);
	EXPECT_EQ(0, by_read(self->fd));
	if (strcmp(variant->type, "intx"))
		return;
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	ASSERT_EQ(0, edu_open(&self->card, &edu));
	pid = fork();
	while (!pid)
		if (card_write(&self->card, "alloc", "4K rx") ||
		    card_write(&self->card, "free", "rx"))
			_exit(1);
	for (i = 0; i < 2000; i++) {
		edu_raise(&edu);
		ASSERT_EQ(POLLIN, irq_revents(self->fd, SOON)) {
			TH_LOG("interrupt %d", i);
		}
		edu_acknowledge(&edu);
		ASSERT_EQ(0, by_read(self->fd));
	}
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	edu_close(&edu);
}

TEST_HARNESS_MAIN
