// SPDX-License-Identifier: GPL-2.0-only
/*
 * INTx that nobody acknowledges harms nobody else. Needs a guest with enough edu cards
 * that one of them shares the line of INTx with the nvme disk, and a kernel that was
 * told pci=nomsi, so that the disk uses that line.
 */
#include <kselftest_harness.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "lib.h"

#define CALLS	2000
#define READS	200
#define BLOCK	(64 * KIB)

/* The first edu card on the line of the disk. Only a card that is bound has its line. */
static int on_the_line_of_the_disk(struct card *card)
{
	struct card disk;
	unsigned int nth;
	__u64 line;
	int err = card_find_id(NVME_VENDOR, NVME_DEVICE, 0, &disk);

	line = attr_u64(pci_attr(&disk, "irq"));
	for (nth = 0; !err; nth++) {
		err = card_find(nth, card);
		if (!err)
			err = card_get(nth, card);
		printf("# %s: line %llu, disk %llu\n", card->bdf,
		       attr_u64(pci_attr(card, "irq")), line);
		if (!err && attr_u64(pci_attr(card, "irq")) == line)
			break;
	}
	return err;
}

/* Read the disk again and again; each read needs an interrupt of the disk. */
static void read_the_disk(int told)
{
	int disk = disk_open("nvme", O_RDONLY | O_DIRECT);
	void *block = aligned_alloc(PAGE, BLOCK);

	while (disk_read(disk, block, BLOCK, 0) == BLOCK)
		if (write(told, "", 1) != 1)
			break;
	_exit(1);
}

static int count_of(int pipe)
{
	static char bytes[65536];
	ssize_t got = read(pipe, bytes, sizeof(bytes));

	return got < 0 ? 0 : got;
}

FIXTURE(irqstorm) {
	struct card card;
	struct edu edu;
	char line[32];
	int fd;
	pid_t pid;	/* reads the disk */
	int told[2];	/* a byte for each block that was read */
};

FIXTURE_SETUP(irqstorm)
{
	ASSERT_EQ(0, on_the_line_of_the_disk(&self->card));
	ASSERT_EQ(0, card_write(&self->card, "irq_type", "intx"));
	ASSERT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	snprintf(self->line, sizeof(self->line), "%llu:",
		 attr_u64(irq_attr(&self->card, 0, "irq")));
	ASSERT_EQ(0, edu_open(&self->card, &self->edu));
	self->fd = irq_open(&self->card, 0, O_RDONLY);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pipe2(self->told, O_NONBLOCK | O_CLOEXEC));
}

FIXTURE_TEARDOWN(irqstorm)
{
	EXPECT_EQ(0, lines_with("nobody cared"));
	edu_acknowledge(&self->edu);
	edu_close(&self->edu);
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(&self->card, "irq_type", "auto"));
}

/* A level that nobody acknowledges: each call lets through one interrupt at most. */
TEST_F(irqstorm, one_for_each_call)
{
	__u64 handled = irq_handled(self->line), own = 0;
	struct pcibuf_irq_event event;
	int i;

	edu_raise(&self->edu);
	usleep(200000);
	EXPECT_GE(handled + 1, irq_handled(self->line));
	for (i = 0; i < CALLS; i++) {
		ASSERT_EQ(0, irq_read(self->fd, &event));
		own += event.count;
	}
	EXPECT_EQ(CALLS, own);
	EXPECT_EQ(own, attr_u64(irq_attr(&self->card, 0, "count")));
	EXPECT_GE(handled + 1 + CALLS, irq_handled(self->line));

	/* Once it is acknowledged, a read that finds nothing waits again. */
	edu_acknowledge(&self->edu);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	irq_read(self->fd, &event);
	EXPECT_EQ(EAGAIN, irq_read(self->fd, &event));
	edu_raise(&self->edu);
	EXPECT_EQ(POLLIN, irq_revents(self->fd, 2000));
	/* The last close turns INTx off, though the card still asserts it. */
	close(self->fd);
	handled = irq_handled(self->line);
	usleep(200000);
	EXPECT_GE(handled, irq_handled(self->line));
}

/* The disk on the same line is read on, whether the program calls on or not. */
TEST_F(irqstorm, neighbour_goes_on)
{
	struct pcibuf_irq_event event;
	int reads, i;

	edu_raise(&self->edu);
	self->pid = fork();
	if (!self->pid)
		read_the_disk(self->told[1]);
	for (reads = 0; reads < READS; reads += count_of(self->told[0])) {
		ASSERT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
		ASSERT_EQ(0, irq_read(self->fd, &event));
		ASSERT_EQ(POLLIN, irq_revents(self->fd, 0));
	}
	for (reads = 0, i = 0; reads < READS && i < 3000; i++) {
		usleep(10000);
		reads += count_of(self->told[0]);
	}
	EXPECT_LE(READS, reads);
	close(self->fd);
	kill(self->pid, SIGKILL);
	waitpid(self->pid, NULL, 0);
}

TEST_HARNESS_MAIN
