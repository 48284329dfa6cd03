// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bridge cannot be bound: without bus mastering, a bridge would cut off all devices
 * behind it. Needs two cards. The second card is behind a port that nothing else uses.
 */
#include <kselftest_harness.h>

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>

#include "lib.h"

FIXTURE(bridge) {
	struct card port;
};

/* Find the port of the second card, and unbind the driver of that port. */
FIXTURE_SETUP(bridge)
{
	char path[PATH_MAX];
	struct card card;

	ASSERT_EQ(0, card_find_id(E1000E_VENDOR, E1000E_DEVICE, 0, &card));
	ASSERT_NE(NULL, realpath(pci_attr(&card, ".."), path));
	ASSERT_GT(sizeof(self->port.bdf), strlen(basename(path)));
	strcpy(self->port.bdf, basename(path));
	ASSERT_EQ(0, attr_write(pci_attr(&self->port, "driver/unbind"),
				self->port.bdf));
}

FIXTURE_TEARDOWN(bridge)
{
	EXPECT_EQ(0, attr_write(pci_attr(&self->port, "driver_override"), "\n"));
	EXPECT_EQ(0, attr_write(PCI_DIR "/drivers_probe", self->port.bdf));
	EXPECT_EQ(0, access(pci_attr(&self->port, "driver"), F_OK));
}

TEST_F(bridge, is_refused)
{
	int before = lines_with("a bridge cannot be bound");

	ASSERT_EQ(0, attr_write(pci_attr(&self->port, "driver_override"),
				"pcibuf"));
	/* Linux 5.10 does not report that the driver refused the device. */
	attr_write(PCI_DIR "/drivers/pcibuf/bind", self->port.bdf);
	EXPECT_NE(0, access(pci_attr(&self->port, "driver"), F_OK));
	EXPECT_NE(0, access(card_attr(&self->port, ""), F_OK));
	EXPECT_EQ(before + 1, lines_with("a bridge cannot be bound"));
}

TEST_HARNESS_MAIN
