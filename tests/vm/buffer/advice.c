// SPDX-License-Identifier: GPL-2.0-only
/*
 * Give every madvise() advice for a whole mapping and for parts of its huge pages. The
 * kernel accepts or refuses the advice. The data stays, and no other mapping is
 * affected.
 */
#include "lib-mapped.h"

#define MADV_HWPOISON_		100	/* poison.c tests these two */
#define MADV_SOFT_OFFLINE_	101
#define LAST_ADVICE		103
#define ANY			(-1)

struct advice {
	int number;
	int expected;	/* 0, an errno, or ANY */
};

/* The promised results. Any other advice may do anything harmless. */
static const struct advice promised[] = {
	{ MADV_NORMAL, 0 },
	{ MADV_RANDOM, 0 },
	{ MADV_SEQUENTIAL, 0 },
	{ MADV_WILLNEED, 0 },
	{ MADV_DONTNEED, 0 },
	{ MADV_FREE, EINVAL },		/* for private memory only */
	{ MADV_DONTFORK, 0 },		/* permanent on later kernels */
	{ MADV_MERGEABLE, 0 },		/* accepted, but nothing is merged */
	{ MADV_UNMERGEABLE, 0 },
	{ MADV_HUGEPAGE, 0 },
	{ MADV_NOHUGEPAGE, 0 },
	{ MADV_DONTDUMP, 0 },
	{ MADV_DODUMP, EINVAL },	/* never part of a core dump */
	{ MADV_WIPEONFORK, EINVAL },
	{ MADV_COLD, 0 },
	{ MADV_PAGEOUT, 0 },
};

static const size_t places[][2] = {	/* from, length */
	{ 0, 0 },			/* the whole mapping */
	{ MIB, PAGE },
	{ 0, HUGE_PAGE },
	{ PAGE, HUGE_PAGE },
	{ HUGE_PAGE - PAGE, 2 * PAGE },
	{ 2 * MIB + PAGE, MIB - 3 * PAGE },
};

static int expectation(int number)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(promised); i++)
		if (promised[i].number == number)
			return promised[i].expected;
	return ANY;
}

static void advise_everywhere(struct __test_metadata *_metadata,
			      const struct place *place, int number)
{
	int expected = expectation(number);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		size_t length = places[i][1] ? places[i][1] : place->size;
		int err = madvise(place->mem + places[i][0], length, number) ?
			  errno : 0;

		if (expected != ANY && !coherent_forced())
			EXPECT_EQ(expected, err) {
				TH_LOG("advice %d, place %u", number, i);
			}
		ASSERT_EQ(-1, mismatch(place->mem, place->size, 0, 1)) {
			TH_LOG("advice %d, place %u", number, i);
		}
	}
}

TEST_F_TIMEOUT(mapped, every_advice, 120)
{
	int number;

	for (number = 0; number <= LAST_ADVICE; number++) {
		if (number == MADV_HWPOISON_ || number == MADV_SOFT_OFFLINE_)
			continue;
		advise_everywhere(_metadata, &self->place, number);
	}
	check_works(_metadata, &self->place, self->fd, 1);
}

/*
 * Drop single pages one by one, then every second page, so that a page table has holes.
 */
TEST_F_TIMEOUT(mapped, dontneed_of_single_pages, 120)
{
	size_t at;

	if (coherent_forced())
		SKIP(return, "promised for pages only");
	for (at = 0; at < variant->size; at += 3 * PAGE) {
		ASSERT_EQ(0, madvise(self->mem + at, PAGE, MADV_DONTNEED));
		ASSERT_EQ(-1, mismatch(self->mem + at, PAGE, at, 1));
	}
	for (at = 0; at < variant->size; at += 2 * PAGE)
		ASSERT_EQ(0, madvise(self->mem + at, PAGE, MADV_DONTNEED));
	check_works(_metadata, &self->place, self->fd, 1);
}

static int touch_in_child(void *mem)
{
	return touch(mem);
}

TEST_F_TIMEOUT(mapped, dontfork, 60)
{
	unsigned char *mem = self->mem;

	ASSERT_EQ(0, madvise(mem + MIB, 2 * PAGE, MADV_DONTFORK));
	EXPECT_EQ(SIGSEGV, in_child(touch_in_child, mem + MIB));
	EXPECT_EQ(0, in_child(touch_in_child, mem + MIB - 1));
	EXPECT_EQ(0, in_child(touch_in_child, mem + MIB + 2 * PAGE));
	ASSERT_EQ(0, madvise(mem, variant->size, MADV_DONTFORK));
	EXPECT_EQ(SIGSEGV, in_child(touch_in_child, mem));
	EXPECT_EQ(SIGSEGV, in_child(touch_in_child, mem + 3 * MIB - 1));
	if (madvise(mem, variant->size, MADV_DOFORK)) {
		ASSERT_EQ(EINVAL, errno);
		SKIP(return, "this kernel takes that back for no driver");
	}
	EXPECT_EQ(0, in_child(touch_in_child, mem));
	EXPECT_EQ(0, in_child(touch_in_child, mem + MIB));
	check_works(_metadata, &self->place, self->fd, 1);
}

/* A hole would be memory that the card keeps and the program has lost. */
TEST_F_TIMEOUT(mapped, remove_makes_no_hole, 60)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(places); i++)
		EXPECT_EQ(-1, madvise(self->mem + places[i][0], places[i][1],
				      MADV_REMOVE));
	EXPECT_EQ(-1, madvise(self->mem, variant->size, MADV_REMOVE));
	check_works(_metadata, &self->place, self->fd, 1);
}

/* Advice about the file has no effect: there is no read-ahead and no page cache. */
TEST_F_TIMEOUT(mapped, advice_about_the_file, 60)
{
	int number;

	for (number = POSIX_FADV_NORMAL; number <= POSIX_FADV_NOREUSE; number++)
		EXPECT_EQ(0, posix_fadvise(self->fd, PAGE, HUGE_PAGE, number));
	readahead(self->fd, 0, variant->size);
	sync_file_range(self->fd, 0, variant->size, SYNC_FILE_RANGE_WRITE);
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_HARNESS_MAIN
