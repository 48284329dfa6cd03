// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card ignores Bus Master Enable, or does not answer when its last buffer is freed.
 * Its memory stays parked until the card has stopped. Needs the module in
 * tests/vm/card/disobedient, and a machine without an IOMMU.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define SIZE		(4 * MIB)
#define PARAMETER(name)	"/sys/module/disobedient/parameters/" name
#define MASTER		PARAMETER("master")
#define SILENT		PARAMETER("silent")
#define SLOW		PARAMETER("slow")
#define ROUNDS		200
#define WORDS		"parked memory stays parked"

FIXTURE(ignored) {
	struct card card;
	struct snapshot before;
	int lines;
};

FIXTURE_SETUP(ignored)
{
	if (iommu_translates())
		SKIP(_exit(255), "behind an IOMMU nothing is parked");
	ASSERT_EQ(0, card_get(0, &self->card));
	snapshot(&self->card, &self->before);
	self->lines = lines_with(WORDS);
	ASSERT_EQ(0, card_write(&self->card, "alloc", "%lu rx", SIZE));
}

FIXTURE_TEARDOWN(ignored)
{
	EXPECT_EQ(0, attr_write(MASTER, "\n"));
	EXPECT_EQ(0, card_reset(&self->card));
}

static __u64 allocated(const struct card *card)
{
	return attr_u64(card_attr(card, "allocated_bytes"));
}

/*
 * Free the only buffer while the card misbehaves. The next buffer gets its memory, so the
 * mask has to stay.
 */
static void check_parked(struct __test_metadata *_metadata,
			 const struct card *card, int lines)
{
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(SIZE, allocated(card));
	EXPECT_EQ(lines + 1, lines_with(WORDS));
	EXPECT_EQ(EBUSY, card_write(card, "dma_mask_bits", "64"));
}

/* The next buffer uses the memory again. With it, and without it, nothing is lost. */
static void check_used_again(struct __test_metadata *_metadata,
			     const struct card *card,
			     const struct snapshot *before)
{
	struct buf buf;

	ASSERT_EQ(0, buf_make(card, "alloc", SIZE, "rx", &buf));
	EXPECT_EQ(-1, nonzero(buf.mem, SIZE));
	EXPECT_EQ(SIZE, allocated(card));
	EXPECT_EQ(1, card_is_master(card));
	buf_put(&buf);
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(0, card_is_master(card));
	EXPECT_EQ(0, snapshot_changes(card, before));
}

TEST_F(ignored, by_the_register)
{
	ASSERT_EQ(0, attr_write(MASTER, self->card.bdf));
	check_parked(_metadata, &self->card, self->lines);
	EXPECT_TRUE(memory_is_out(&self->before));
	ASSERT_EQ(0, attr_write(MASTER, "\n"));
	check_used_again(_metadata, &self->card, &self->before);
}

TEST_F(ignored, without_an_answer)
{
	ASSERT_EQ(0, attr_write(SILENT, self->card.bdf));
	check_parked(_metadata, &self->card, self->lines);
	ASSERT_EQ(0, attr_write(SILENT, "\n"));
	check_used_again(_metadata, &self->card, &self->before);
}

/* A reset stops the card too. */
TEST_F(ignored, until_a_reset)
{
	ASSERT_EQ(0, attr_write(MASTER, self->card.bdf));
	check_parked(_metadata, &self->card, self->lines);
	ASSERT_EQ(0, attr_write(MASTER, "\n"));
	ASSERT_EQ(0, attr_write(pci_attr(&self->card, "reset"), "1"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/*
 * The PCI core writes the command register when it gives an MSI back. That must not undo
 * what the driver writes there meanwhile.
 */
TEST_F_TIMEOUT(ignored, by_the_core, 120)
{
	const struct card *card = &self->card;
	pid_t pid;
	int i;

	ASSERT_EQ(0, attr_write(SLOW, card->bdf));
	ASSERT_EQ(0, card_write(card, "irq_type", "msi"));
	pid = fork();
	while (!pid)
		if (card_write(card, "nr_irqs", "1") ||
		    card_write(card, "nr_irqs", "0"))
			_exit(1);
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(1, card_is_master(card));
		ASSERT_EQ(0, card_write(card, "free", "rx"));
		EXPECT_EQ(0, card_is_master(card));
		ASSERT_EQ(0, card_write(card, "alloc", "4K rx"));
	}
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ASSERT_EQ(0, attr_write(SLOW, "\n"));
	EXPECT_EQ(0, card_write(card, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(card, "irq_type", "auto"));
}

/* A card that does not answer when it is unbound is gone: nothing of it is kept. */
TEST_F(ignored, gone)
{
	ASSERT_EQ(0, attr_write(SILENT, self->card.bdf));
	check_parked(_metadata, &self->card, self->lines);
	ASSERT_EQ(0, card_unbind(&self->card));
	ASSERT_EQ(0, attr_write(SILENT, "\n"));
	EXPECT_TRUE(memory_is_back(&self->before));
	ASSERT_EQ(0, card_bind(&self->card));
}

/* The last test: what a card could still write to is never given back. */
TEST_F(ignored, unbound)
{
	ASSERT_EQ(0, attr_write(MASTER, self->card.bdf));
	ASSERT_EQ(0, card_unbind(&self->card));
	ASSERT_EQ(0, attr_write(MASTER, "\n"));
	EXPECT_LE(self->lines + 1, lines_with(WORDS));
	EXPECT_TRUE(memory_is_out(&self->before));
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, allocated(&self->card));
}

TEST_HARNESS_MAIN
