// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card that is pulled out while it is in use, and a card that is removed and found
 * again.
 */
#include <kselftest_harness.h>

#include <signal.h>

#include "lib.h"

#define SIZE		(3 * MIB + PAGE)

FIXTURE(hotplug) {
	struct card card;
	struct buf rx;
};

FIXTURE_SETUP(hotplug)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", SIZE, "rx", &self->rx));
	fill(self->rx.mem, SIZE, 0, 1);
}

FIXTURE_TEARDOWN(hotplug)
{
	buf_put(&self->rx);
}

static void check_gone(struct __test_metadata *_metadata, struct buf *rx,
		       const char *node)
{
	struct pcibuf_info info;
	char byte;

	EXPECT_EQ(SIGBUS, touch(rx->mem));
	EXPECT_EQ(SIGBUS, touch(rx->mem + SIZE - 1));
	EXPECT_EQ(ENODEV, buf_info(rx->fd, &info));
	EXPECT_EQ(-1, pread(rx->fd, &byte, 1, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, open(node, O_RDWR));
}

/* Remove and rescan by sysfs, as for an FPGA reload. */
TEST_F_TIMEOUT(hotplug, remove_and_rescan, 180)
{
	char node[64];

	snprintf(node, sizeof(node), "%s", buf_node(&self->card, "rx"));
	ASSERT_EQ(0, attr_write(pci_attr(&self->card, "remove"), "1"));
	EXPECT_EQ(-1, access(card_attr(&self->card, ""), F_OK));
	check_gone(_metadata, &self->rx, node);
	ASSERT_EQ(0, attr_write(PCI_DIR "/rescan", "1"));
	ASSERT_TRUE(wait_for(pci_attr(&self->card, "vendor"), true));
	/* The new device has no driver_override. */
	EXPECT_EQ(-1, access(card_attr(&self->card, ""), F_OK));
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_buffers")));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
}

/* Pull the card out, and plug another one of its kind into the same slot. */
TEST_F_TIMEOUT(hotplug, pulled_out_while_mapped, 180)
{
	char node[64], pci[128], class_dir[128];

	snprintf(node, sizeof(node), "%s", buf_node(&self->card, "rx"));
	snprintf(pci, sizeof(pci), "%s", pci_attr(&self->card, "vendor"));
	snprintf(class_dir, sizeof(class_dir), "%s",
		 card_attr(&self->card, ""));
	monitor("device_del card%d", self->card.slot);
	ASSERT_TRUE(wait_for(pci, false));
	EXPECT_EQ(-1, access(class_dir, F_OK));
	check_gone(_metadata, &self->rx, node);

	ASSERT_TRUE(card_plug(&self->card));
	ASSERT_EQ(0, card_bind_new(&self->card));
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	check_gone(_metadata, &self->rx, node);
}

TEST_HARNESS_MAIN
