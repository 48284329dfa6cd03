// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last buffer is freed during a reset of its card. After a reset, the kernel
 * restores the configuration that it saved before. This could make the card a bus master
 * again for a moment in which no program can look, so reset.awk checks the trace of
 * QEMU. Needs a card with a long reset, nvme, and an edu, whose registers hold the
 * notes.
 */
#include <kselftest_harness.h>

#include <sys/wait.h>

#include "lib.h"

#define HITS		5
#define TRIES		100
#define NOTE_AT		0x3c	/* interrupt line: only software uses it */
#define NO_BUFFER	0xa0
#define BUFFER		0xa1

FIXTURE(reset) {
	struct card card;
	int notes;
};

FIXTURE_SETUP(reset)
{
	struct card edu;

	ASSERT_EQ(0, card_find_id(NVME_VENDOR, NVME_DEVICE, 0,
				  &self->card));
	ASSERT_EQ(0, card_bind(&self->card));
	ASSERT_EQ(0, card_find(0, &edu));
	self->notes = open(pci_attr(&edu, "config"), O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, self->notes);
}

FIXTURE_TEARDOWN(reset)
{
	close(self->notes);
	EXPECT_EQ(0, card_unbind(&self->card));
}

static void note(struct __test_metadata *_metadata, int notes,
		 unsigned char value)
{
	ASSERT_EQ(1, pwrite(notes, &value, 1, NOTE_AT));
}

/* Was the buffer freed before the reset was over? */
static bool free_meanwhile(struct __test_metadata *_metadata,
			   const struct card *card, int notes)
{
	int status = 0;
	bool hit;
	pid_t pid;

	note(_metadata, notes, BUFFER);
	EXPECT_EQ(0, card_write(card, "alloc", "4K rx"));
	EXPECT_EQ(1, card_is_master(card));
	pid = reset_begin(card);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, card_write(card, "free", "rx"));
	note(_metadata, notes, NO_BUFFER);
	hit = !waitpid(pid, &status, WNOHANG);
	if (hit)
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, card_is_master(card));
	return hit;
}

TEST_F_TIMEOUT(reset, last_buffer_goes, 120)
{
	int tries, hits = 0;

	for (tries = 0; hits < HITS && tries < TRIES; tries++)
		hits += free_meanwhile(_metadata, &self->card, self->notes);
	TH_LOG("%d of %d in time", hits, tries);
	EXPECT_EQ(HITS, hits);
}

TEST_HARNESS_MAIN
