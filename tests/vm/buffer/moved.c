// SPDX-License-Identifier: GPL-2.0-only
/* The kernel must not move a buffer to other pages: the card has its bus address. */
#include "lib-mapped.h"

#include <linux/mempolicy.h>
#include <sys/syscall.h>

#define NODES	2
#define PAGES	512	/* in one call */

/* Return the page frame behind an address. This needs root. */
static __u64 frame(const void *mem)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry),
		  (unsigned long)mem / PAGE * sizeof(entry)) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry & ((1ULL << 55) - 1);
}

struct frames {
	__u64 at[(5 * MIB + 3 * PAGE) / PAGE];
};

static void remember(const struct place *place, struct frames *frames)
{
	size_t at;

	for (at = 0; at < place->size; at += PAGE)
		frames->at[at / PAGE] = frame(place->mem + at);
}

/* Return where the first page is that has another frame now, or -1. */
static ssize_t moved(const struct place *place, const struct frames *frames)
{
	size_t at;

	for (at = 0; at < place->size; at += PAGE) {
		touch(place->mem + at);
		if (frame(place->mem + at) != frames->at[at / PAGE])
			return at;
	}
	return -1;
}

static struct frames frames;

TEST_F_TIMEOUT(mapped, move_pages, 60)
{
	void *pages[PAGES];
	int nodes[PAGES], status[PAGES];
	int node, i;

	remember(&self->place, &frames);
	for (node = 0; node < NODES; node++) {
		for (i = 0; i < PAGES; i++) {
			pages[i] = self->mem + PAGE * (MIB / PAGE + i);
			nodes[i] = node;
			status[i] = 99;
		}
		syscall(SYS_move_pages, 0, (long)PAGES, pages, nodes, status,
			2 /* MPOL_MF_MOVE */);
		syscall(SYS_move_pages, 0, (long)PAGES, pages, nodes, status,
			4 /* MPOL_MF_MOVE_ALL */);
	}
	EXPECT_EQ(-1, moved(&self->place, &frames));
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, mbind, 60)
{
	unsigned long node;
	unsigned int flags;

	remember(&self->place, &frames);
	for (node = 0; node < NODES; node++) {
		unsigned long mask = 1UL << node;

		for (flags = 0; flags < 8; flags++)
			syscall(SYS_mbind, self->mem + flags % 2 * PAGE,
				2 * MIB, (long)MPOL_BIND, &mask, 64L,
				(long)flags);
	}
	EXPECT_EQ(-1, moved(&self->place, &frames));
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, migrate_pages, 60)
{
	unsigned long from, to;

	remember(&self->place, &frames);
	for (from = 1; from < 1 << NODES; from <<= 1)
		for (to = 1; to < 1 << NODES; to <<= 1)
			syscall(SYS_migrate_pages, 0, 64L, &from, &to);
	EXPECT_EQ(-1, moved(&self->place, &frames));
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, compaction_and_reclaim, 60)
{
	remember(&self->place, &frames);
	EXPECT_EQ(0, attr_write("/proc/sys/vm/compact_memory", "1"));
	EXPECT_EQ(0, attr_write("/proc/sys/vm/drop_caches", "3"));
	attr_write("/sys/devices/system/node/node0/compact", "1");
	attr_write("/sys/fs/cgroup/memory.reclaim", "64M");
	EXPECT_EQ(-1, moved(&self->place, &frames));
	check_works(_metadata, &self->place, self->fd, 1);
}

/* KSM merges equal pages of programs, but not the pages of a buffer. */
TEST_F_TIMEOUT(mapped, same_pages_are_not_merged, 60)
{
	const __u64 other = frame(self->mem + PAGE);

	remember(&self->place, &frames);
	memset(self->mem, 0x55, variant->size);
	EXPECT_EQ(0, attr_write("/sys/kernel/mm/ksm/sleep_millisecs", "1"));
	EXPECT_EQ(0, attr_write("/sys/kernel/mm/ksm/run", "1"));
	madvise(self->mem, variant->size, MADV_MERGEABLE);
	usleep(500000);
	EXPECT_NE(frame(self->mem), other);
	EXPECT_EQ(-1, moved(&self->place, &frames));
	EXPECT_EQ(0, attr_write("/sys/kernel/mm/ksm/run", "2"));
	fill(self->mem, variant->size, 0, 2);
	check_works(_metadata, &self->place, self->fd, 2);
}

TEST_HARNESS_MAIN
