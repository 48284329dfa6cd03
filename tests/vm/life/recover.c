// SPDX-License-Identifier: GPL-2.0-only
/*
 * An FPGA is loaded anew: its configuration space is blank. `recover`, or a reset, puts
 * the configuration back. The buffers, their bytes and their mappings stay. Needs the
 * module in tests/vm/card/disobedient.
 */
#include <kselftest_harness.h>

#include <linux/pci_regs.h>
#include <poll.h>

#include "lib.h"

#define SIZE		(4 * MIB)
#define ROUNDS		100
#define HEADER		64
#define PARAMETER(name)	"/sys/module/disobedient/parameters/" name

FIXTURE(recover) {
	struct card card;
	struct buf rx;
	struct edu edu;
	__u64 bus;
	int config;
	unsigned char header[HEADER];	/* as it is with a buffer */
};

FIXTURE_SETUP(recover)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, buf_make(&self->card, "alloc", SIZE, "rx", &self->rx));
	self->bus = attr_u64(buf_attr(&self->card, "rx", "dma_addr"));
	fill(self->rx.mem, SIZE, 0, 1);
	ASSERT_EQ(0, edu_open(&self->card, &self->edu));
	self->config = open(pci_attr(&self->card, "config"),
			    O_RDWR | O_CLOEXEC);
	ASSERT_EQ(HEADER, pread(self->config, self->header, HEADER, 0));
}

FIXTURE_TEARDOWN(recover)
{
	EXPECT_EQ(0, attr_write(PARAMETER("master"), "\n"));
	EXPECT_EQ(0, card_write(&self->card, "recover", "1"));
	close(self->config);
	edu_close(&self->edu);
	buf_put(&self->rx);
	EXPECT_EQ(0, card_reset(&self->card));
}

/* What an FPGA has after it was loaded. */
static void blank(struct __test_metadata *_metadata, int config)
{
	static const unsigned char nothing[24];

	ASSERT_EQ(2, pwrite(config, nothing, 2, PCI_COMMAND));
	ASSERT_EQ(24, pwrite(config, nothing, 24, PCI_BASE_ADDRESS_0));
	ASSERT_EQ(1, pwrite(config, nothing, 1, PCI_CACHE_LINE_SIZE));
}

/* The card has its configuration, reaches the buffer, and nothing was lost. */
static void check_works(struct __test_metadata *_metadata,
			struct _test_data_recover *self)
{
	unsigned char now[HEADER], *tail = self->rx.mem + SIZE - PAGE;

	ASSERT_EQ(HEADER, pread(self->config, now, HEADER, 0));
	EXPECT_EQ(0, memcmp(now + PCI_COMMAND, self->header + PCI_COMMAND, 2));
	EXPECT_EQ(0, memcmp(now + PCI_CACHE_LINE_SIZE,
			    self->header + PCI_CACHE_LINE_SIZE,
			    HEADER - PCI_CACHE_LINE_SIZE));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 1));
	ASSERT_EQ(0, edu_copy(&self->edu, self->bus, self->bus + SIZE - PAGE,
			      64));
	EXPECT_EQ(-1, mismatch(tail, 64, 0, 1));
	fill(tail, 64, SIZE - PAGE, 1);
}

TEST_F_TIMEOUT(recover, many_times, 120)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		blank(_metadata, self->config);
		ASSERT_EQ(0, card_write(&self->card, "recover", "1"));
		EXPECT_EQ(1, card_is_master(&self->card));
		EXPECT_EQ(1, card_is_quiet(&self->card));
		check_works(_metadata, self);
	}
}

/* The kernel saves the blank configuration before the reset, and restores it. */
TEST_F_TIMEOUT(recover, by_a_reset, 60)
{
	blank(_metadata, self->config);
	ASSERT_EQ(0, attr_write(pci_attr(&self->card, "reset"), "1"));
	EXPECT_EQ(1, card_is_master(&self->card));
	check_works(_metadata, self);
}

TEST_F(recover, nothing_was_lost)
{
	ASSERT_EQ(0, card_write(&self->card, "recover", "1\n"));
	check_works(_metadata, self);
	EXPECT_EQ(EINVAL, card_write(&self->card, "recover", "0"));
	EXPECT_EQ(EINVAL, card_write(&self->card, "recover", "yes"));
}

/* Without a buffer, a recovered card is no bus master. */
TEST_F(recover, without_buffers)
{
	struct buf none = { .fd = -1 };

	buf_put(&self->rx);
	self->rx = none;
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	blank(_metadata, self->config);
	ASSERT_EQ(0, card_write(&self->card, "recover", "1"));
	EXPECT_EQ(0, card_is_master(&self->card));
	EXPECT_EQ(1, card_is_quiet(&self->card));
	ASSERT_EQ(0, buf_make(&self->card, "alloc", SIZE, "rx", &self->rx));
	fill(self->rx.mem, SIZE, 0, 1);
	self->bus = attr_u64(buf_attr(&self->card, "rx", "dma_addr"));
	check_works(_metadata, self);
}

/* A program that waits for INTx waits on, and gets the next one. */
TEST_F(recover, with_a_reader)
{
	struct pcibuf_irq_event event;
	int fd;

	ASSERT_EQ(0, card_write(&self->card, "irq_type", "intx"));
	ASSERT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	fd = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(2, pread(self->config, self->header + PCI_COMMAND, 2,
			   PCI_COMMAND));
	blank(_metadata, self->config);
	ASSERT_EQ(0, card_write(&self->card, "recover", "1"));
	check_works(_metadata, self);
	EXPECT_EQ(EAGAIN, irq_read(fd, &event));
	edu_raise(&self->edu);
	EXPECT_EQ(POLLIN, irq_revents(fd, 2000));
	EXPECT_EQ(0, irq_read(fd, &event));
	EXPECT_EQ(1, event.count);
	edu_acknowledge(&self->edu);
	close(fd);
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(&self->card, "irq_type", "auto"));
}

/* Another card is left alone, and last_error says what to do. */
static void check_refused(struct __test_metadata *_metadata,
			  const struct card *card, int config, const char *how,
			  int error, const char *words)
{
	char text[1024] = "";

	blank(_metadata, config);
	ASSERT_EQ(0, attr_write(how, card->bdf));
	EXPECT_EQ(error, card_write(card, "recover", "1"));
	ASSERT_EQ(0, attr_write(how, "\n"));
	EXPECT_EQ(0, card_is_master(card));
	ASSERT_EQ(0, attr_read(card_attr(card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, words)) {
		TH_LOG("%s", text);
	}
	ASSERT_EQ(0, card_write(card, "recover", "1"));
}

TEST_F(recover, another_card)
{
	check_refused(_metadata, &self->card, self->config, PARAMETER("other"),
		      ENXIO, "rescan");
	check_works(_metadata, self);
}

TEST_F(recover, a_card_with_a_larger_bar)
{
	check_refused(_metadata, &self->card, self->config, PARAMETER("larger"),
		      ENXIO, "rescan");
	check_works(_metadata, self);
}

TEST_F(recover, a_card_without_an_answer)
{
	check_refused(_metadata, &self->card, self->config, PARAMETER("silent"),
		      EIO, "does not answer");
	check_works(_metadata, self);
}

TEST_HARNESS_MAIN
