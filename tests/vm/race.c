// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two cards that look for large ranges at the same time, while memory is taken out
 * of the machine and put back. Wants two cards of 64 bits.
 */
#include <kselftest_harness.h>

#include <dirent.h>
#include <sys/wait.h>

#include "lib.h"

#define MEMORY_DIR	"/sys/devices/system/memory"
#define LASTS		12.0	/* seconds */
#define CARDS		2
#define STAMP		(256 * KIB)

FIXTURE(race) {
	struct card cards[CARDS];
	struct snapshot before[CARDS];
	double end;
};

FIXTURE_SETUP(race)
{
	int i;

	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	for (i = 0; i < CARDS; i++) {
		ASSERT_EQ(0, card_get(i, &self->cards[i]));
		ASSERT_EQ(0, card_write(&self->cards[i], "max_bytes", "1T"));
		snapshot(&self->cards[i], &self->before[i]);
	}
	self->end = seconds() + LASTS;
}

FIXTURE_TEARDOWN(race)
{
	int i;

	for (i = 0; i < CARDS; i++)
		EXPECT_EQ(0, card_reset(&self->cards[i]));
	for (i = 0; i < CARDS; i++)
		EXPECT_EQ(0, snapshot_changes(&self->cards[i],
					      &self->before[i]));
}

/* Its own mark all over it, and there it stays. */
static bool keeps_marks(struct buf *buf, __u64 mark)
{
	bool right = true;
	size_t at;

	for (at = 0; at < buf->size; at += STAMP) {
		right &= !*(__u64 *)(buf->mem + at);
		*(__u64 *)(buf->mem + at) = mark + at;
	}
	usleep(5000);
	for (at = 0; at < buf->size; at += STAMP)
		right &= *(__u64 *)(buf->mem + at) == mark + at;
	return right;
}

/* What is wrong: 0 nothing, 1 the request, 2 the memory; 3: never any. */
static int use_card(const struct card *card, int nth, double end)
{
	unsigned int round, made = 0;
	struct buf rx;

	for (round = 0; seconds() < end; round++) {
		size_t size = (16 + round * 56 % 208) * MIB;
		int err = buf_make(card, "alloc", size, "rx", &rx);
		bool right;

		if (err == ENOMEM)
			continue;
		if (err)
			return 1;
		right = keeps_marks(&rx, (__u64)(nth + 1) << 56 | round << 30);
		buf_put(&rx);
		if (!right || card_write(card, "free", "rx"))
			return 2;
		made++;
	}
	printf("# card %d: %u of %u\n", nth, made, round);
	fflush(stdout);
	return made ? 0 : 3;
}

static int is_block(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "memory", 6);
}

/* How many parts of the memory could be taken out, and were put back. */
static int take_out(struct __test_metadata *_metadata, double end)
{
	struct dirent **found;
	int i, taken = 0;
	int count = scandir(MEMORY_DIR, &found, is_block, alphasort);

	ASSERT_LT(0, count);
	for (i = 0; seconds() < end; i = (i + 1) % count) {
		const char *state = pathf(MEMORY_DIR "/%s/state",
					  found[i]->d_name);

		if (attr_write(state, "offline"))
			continue;
		taken++;
		usleep(20000);
		EXPECT_EQ(0, attr_write(state, "online_kernel"));
	}
	return taken;
}

TEST_F_TIMEOUT(race, two_cards_and_hotplug, 120)
{
	pid_t pids[CARDS];
	int i, status;

	fflush(stdout);
	for (i = 0; i < CARDS; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(use_card(&self->cards[i], i, self->end));
	}
	TH_LOG("%d times memory was taken out",
	       take_out(_metadata, self->end - 2));
	for (i = 0; i < CARDS; i++) {
		EXPECT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

TEST_HARNESS_MAIN
