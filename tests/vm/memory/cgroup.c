// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the pages backing is charged to the memory cgroup of the process that
 * requests it. Needs a guest whose tests run in a cgroup other than the root.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>

#include "lib.h"

#define SLACK	(4 * MIB)	/* the kernel charges in batches, and for itself */

FIXTURE(cgroup) {
	struct card card;
	char dir[256];
};

FIXTURE_SETUP(cgroup)
{
	char line[128] = "";

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, attr_read("/proc/self/cgroup", line, sizeof(line)));
	ASSERT_EQ(0, strncmp(line, "0::/", 4));
	ASSERT_NE('\0', line[4]) {
		TH_LOG("this wants a guest with --cgroup");
	}
	snprintf(self->dir, sizeof(self->dir), "/sys/fs/cgroup%s", line + 3);
}

FIXTURE_TEARDOWN(cgroup)
{
	EXPECT_EQ(0, attr_write(pathf("%s/memory.max", self->dir), "max"));
	EXPECT_EQ(0, card_reset(&self->card));
}

static __u64 charged(const char *dir)
{
	return attr_u64(pathf("%s/memory.current", dir));
}

TEST_F(cgroup, memory_is_charged)
{
	__u64 before = charged(self->dir);

	ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "64M rx"));
	EXPECT_LE(before + 64 * MIB - SLACK, charged(self->dir));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4M tx"));
	EXPECT_LE(before + 68 * MIB - SLACK, charged(self->dir));
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	ASSERT_EQ(0, card_write(&self->card, "free", "tx"));
	EXPECT_GE(before + SLACK, charged(self->dir));
}

/* A full cgroup returns ENOMEM, last_error names the cgroup, and no process is killed. */
TEST_F_TIMEOUT(cgroup, full, 60)
{
	__u64 before = charged(self->dir);
	char text[4096] = "";

	ASSERT_EQ(0, attr_write(pathf("%s/memory.max", self->dir),
				pathf("%llu", before + 32 * MIB)));
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc_sg", "64M rx"));
	EXPECT_EQ(0, attr_read(card_attr(&self->card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "cgroup")) {
		TH_LOG("%s", text);
	}
	EXPECT_GE(before + SLACK, charged(self->dir));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "allocated_bytes")));
	EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "16M rx"));
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc_sg", "32M tx"));
	ASSERT_EQ(0, attr_read(pathf("%s/memory.events", self->dir), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "oom_kill 0")) {
		TH_LOG("%s", text);
	}
}

#define ASKED	(128 * MIB)
#define ROOM	(150 * MIB)	/* less than that and an eighth and 64 MiB */
#define LEAVE	(96 * MIB)	/* free beside the holes, more than the watermarks */

/* Fill memory with huge pages, and free every second of them. */
static unsigned char *make_holes(size_t *size)
{
	unsigned char *mem;
	size_t at;

	*size = (mem_free() - LEAVE) / HUGE_PAGE * HUGE_PAGE;
	mem = mmap(NULL, *size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return mem;
	madvise(mem, *size, MADV_HUGEPAGE);
	for (at = 0; at < *size; at += PAGE)
		mem[at] = 1;
	at = HUGE_PAGE - (unsigned long)mem % HUGE_PAGE;
	for (; at + HUGE_PAGE <= *size; at += 2 * HUGE_PAGE)
		madvise(mem + at, HUGE_PAGE, MADV_DONTNEED);
	return mem;
}

/*
 * A contiguous buffer fits in the room that is left, but not together with what is taken
 * and given back on the way to it.
 */
TEST_F_TIMEOUT(cgroup, surplus_is_not_charged, 120)
{
	char text[1024] = "";
	unsigned char *mem;
	size_t size;

	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	mem = make_holes(&size);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, attr_write(pathf("%s/memory.max", self->dir),
				pathf("%llu", charged(self->dir) + ROOM)));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "%lu rx", ASKED)) {
		attr_read(card_attr(&self->card, "last_error"), text,
			  sizeof(text));
		TH_LOG("%s", text);
	}
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc", "%lu tx", ASKED));
	munmap(mem, size);
}

TEST_HARNESS_MAIN
