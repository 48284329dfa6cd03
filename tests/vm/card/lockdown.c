// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lock down the running kernel, as Secure Boot does at boot. Check which functions of
 * the driver still work, and what the kernel then denies root. A lockdown cannot be
 * undone, so this program is the last one in a guest.
 */
#include <kselftest_harness.h>

#include <poll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "lib.h"

#define SECURITY	"/sys/kernel/security"
#define LOCKDOWN	SECURITY "/lockdown"
#define COMMAND		4	/* PCI_COMMAND */

FIXTURE(lockdown) {
	struct card card;
	struct edu edu;		/* mapped before the lockdown */
	struct buf rx;
	__u64 bus;
};

FIXTURE_SETUP(lockdown)
{
	if (access(LOCKDOWN, F_OK))
		ASSERT_EQ(0, mount("securityfs", SECURITY, "securityfs", 0,
				   NULL));
	ASSERT_EQ(0, card_get(0, &self->card));
}

FIXTURE_TEARDOWN(lockdown)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

static bool map_registers(const struct card *card)
{
	struct edu edu;

	if (edu_open(card, &edu))
		return false;
	edu_close(&edu);
	return true;
}

static int write_config(const struct card *card)
{
	int fd = open(pci_attr(card, "config"), O_RDWR);
	int err = 0;
	__u16 command;

	if (fd < 0 || pread(fd, &command, 2, COMMAND) != 2 ||
	    pwrite(fd, &command, 2, COMMAND) != 2)
		err = errno;
	close(fd);
	return err;
}

/* Do DMA in both directions, by registers that were mapped before the lockdown. */
static void check_dma(struct __test_metadata *_metadata,
		      struct _test_data_lockdown *self)
{
	self->rx.mem[0] = 0x3c;
	self->rx.mem[2 * PAGE - 1] = 0;
	EXPECT_EQ(0, edu_copy(&self->edu, self->bus, self->bus + 2 * PAGE - 1,
			      1));
	EXPECT_EQ(0x3c, self->rx.mem[2 * PAGE - 1]);
}

static void make_buffer(struct __test_metadata *_metadata,
			struct _test_data_lockdown *self)
{
	ASSERT_EQ(0, buf_make(&self->card, "alloc", 2 * PAGE, "rx", &self->rx));
	self->bus = attr_u64(buf_attr(&self->card, "rx", "dma_addr"));
	check_dma(_metadata, self);
}

/* Interrupts work: the driver masks INTx, and the program writes no configuration. */
static void check_interrupts(struct __test_metadata *_metadata,
			     struct _test_data_lockdown *self)
{
	static const char * const types[] = { "intx", "msi" };
	struct pcibuf_irq_event event;
	int fd, i;

	for (i = 0; i < 4; i++) {
		EXPECT_EQ(0, card_write(&self->card, "irq_type", types[i / 2]));
		EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
		fd = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);
		ASSERT_LE(0, fd);
		EXPECT_EQ(EAGAIN, irq_read(fd, &event));
		edu_raise(&self->edu);
		EXPECT_EQ(POLLIN, irq_revents(fd, 2000));
		EXPECT_EQ(0, irq_read(fd, &event));
		edu_acknowledge(&self->edu);
		close(fd);
		EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	}
}

/* Buffers, mappings, DMA and interrupts work as before. Registers cannot be mapped. */
TEST_F(lockdown, integrity)
{
	ASSERT_EQ(0, edu_open(&self->card, &self->edu));
	make_buffer(_metadata, self);
	EXPECT_EQ(0, write_config(&self->card));
	ASSERT_EQ(0, attr_write(LOCKDOWN, "integrity"));

	check_dma(_metadata, self);
	buf_put(&self->rx);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	make_buffer(_metadata, self);
	buf_put(&self->rx);
	check_interrupts(_metadata, self);
	EXPECT_FALSE(map_registers(&self->card));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(EPERM, write_config(&self->card));
	edu_close(&self->edu);
}

/* Confidentiality keeps memory secret, but users with access still read bus addresses. */
TEST_F(lockdown, confidentiality)
{
	ASSERT_EQ(0, attr_write(LOCKDOWN, "confidentiality"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "8K rx"));
	EXPECT_NE(NO_NUMBER,
		  attr_u64(buf_attr(&self->card, "rx", "dma_addr")));
	EXPECT_EQ(0, card_unbind(&self->card));
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_FALSE(map_registers(&self->card));
}

static int load_module(const char *parameters)
{
	int fd = open("/pcibuf.ko", O_RDONLY);
	int err = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;

	close(fd);
	return err;
}

/*
 * A module without a trusted signature is refused. DKMS signs the module for this
 * reason.
 */
TEST_F(lockdown, module_without_signature)
{
	EXPECT_EQ(EPERM, load_module(""));
	EXPECT_EQ(1, !!lines_with("unsigned module loading is restricted"));
}

TEST_HARNESS_MAIN
