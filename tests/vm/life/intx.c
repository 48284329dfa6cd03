// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card requests interrupts that nobody handles, on a line that it shares with a disk.
 * The kernel would switch the line off, and the disk would not work any more. Needs a
 * disk nvme, the kernel parameter pci=nomsi, and several cards, one of which has the
 * disk's line.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define BLOCK		(64 * KIB)
#define READS		32
#define NOBODY		"nobody cared"

FIXTURE(intx) {
	struct card card;
	struct edu edu;
	void *mem;
	int disk;
	bool was_quiet;
};

/* Bind a card with the interrupt line of the disk. A device that is on has its line. */
static int bind_neighbour(struct card *card, bool *was_quiet)
{
	struct card disk;
	unsigned int nth;
	int err = card_find_id(NVME_VENDOR, NVME_DEVICE, 0, &disk);

	for (nth = 0; !err; nth++) {
		err = card_find(nth, card);
		*was_quiet = card_is_quiet(card) == 1;
		if (!err)
			err = card_bind(card);
		if (!err && attr_u64(pci_attr(card, "irq")) ==
			    attr_u64(pci_attr(&disk, "irq")))
			break;
		if (!err)
			err = card_unbind(card);
	}
	return err;
}

FIXTURE_SETUP(intx)
{
	self->disk = disk_open("nvme", O_RDWR | O_DIRECT);
	ASSERT_LE(0, self->disk);
	ASSERT_EQ(0, bind_neighbour(&self->card, &self->was_quiet));
	ASSERT_EQ(0, edu_open(&self->card, &self->edu));
	ASSERT_EQ(0, posix_memalign(&self->mem, PAGE, BLOCK));
}

FIXTURE_TEARDOWN(intx)
{
	edu_acknowledge(&self->edu);
	edu_close(&self->edu);
	EXPECT_EQ(0, card_unbind(&self->card));
	EXPECT_EQ(self->was_quiet, card_is_quiet(&self->card));
	close(self->disk);
	free(self->mem);
}

/* The card requests an interrupt all the time. The disk works. */
static void check_neighbour(struct __test_metadata *_metadata,
			    struct edu *edu, int disk, void *mem)
{
	double start = seconds();
	unsigned int i;

	edu_raise(edu);
	for (i = 0; i < READS; i++)
		ASSERT_EQ((ssize_t)BLOCK,
			  disk_read(disk, mem, BLOCK, i * BLOCK));
	EXPECT_GT(10.0, seconds() - start);
	EXPECT_EQ(0, lines_with(NOBODY));
	edu_acknowledge(edu);
}

TEST_F_TIMEOUT(intx, bound, 60)
{
	EXPECT_EQ(1, card_is_quiet(&self->card));
	check_neighbour(_metadata, &self->edu, self->disk, self->mem);
}

TEST_F_TIMEOUT(intx, with_a_buffer, 60)
{
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	check_neighbour(_metadata, &self->edu, self->disk, self->mem);
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
}

TEST_F_TIMEOUT(intx, after_a_reset, 60)
{
	ASSERT_EQ(0, attr_write(pci_attr(&self->card, "reset"), "1"));
	EXPECT_EQ(1, card_is_quiet(&self->card));
	check_neighbour(_metadata, &self->edu, self->disk, self->mem);
}

/* The kernel goes all the way of a suspend (S3), but does not sleep. */
TEST_F_TIMEOUT(intx, after_a_suspend, 120)
{
	ASSERT_EQ(0, attr_write("/sys/power/pm_test", "devices"));
	ASSERT_EQ(0, attr_write("/sys/power/state", "mem"));
	ASSERT_EQ(0, attr_write("/sys/power/pm_test", "none"));
	EXPECT_EQ(1, card_is_quiet(&self->card));
	check_neighbour(_metadata, &self->edu, self->disk, self->mem);
}

TEST_HARNESS_MAIN
