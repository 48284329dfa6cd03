// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two modes of a mapping, for buffers of every shape: huge pages if address and
 * offset are in step (equal modulo 2 MiB), base pages otherwise. In both modes, each
 * offset of the mapping shows the buffer's page of that offset.
 */
#include <kselftest_harness.h>

#include <sys/uio.h>

#include "lib.h"

#define CHUNK	(1 * MIB)	/* bytes read at a time for comparison */

FIXTURE(modes) {
	struct card card;
	struct snapshot before;
	int fd;
	unsigned char *chunk;
	unsigned char *room;	/* reserved addresses, */
	unsigned char *aligned;	/* and their first multiple of 2 MiB */
};

FIXTURE_VARIANT(modes) {
	size_t size;
};

FIXTURE_VARIANT_ADD(modes, 64K) {
	.size = 64 * KIB,
};

FIXTURE_VARIANT_ADD(modes, 2M) {
	.size = 2 * MIB,
};

FIXTURE_VARIANT_ADD(modes, 4M) {
	.size = 4 * MIB,
};

FIXTURE_VARIANT_ADD(modes, 5M_and_a_page) {
	.size = 5 * MIB + PAGE,
};

FIXTURE_VARIANT_ADD(modes, 64M) {
	.size = 64 * MIB,
};

FIXTURE_SETUP(modes)
{
	size_t room = variant->size + 3 * HUGE_PAGE;

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	self->chunk = malloc(CHUNK);
	self->room = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	ASSERT_NE(MAP_FAILED, self->room);
	self->aligned = (unsigned char *)(((unsigned long)self->room +
					   HUGE_PAGE) & ~(HUGE_PAGE - 1));
	if (variant->size > 4 * MIB && !any_size())
		SKIP(_exit(255), "no such size without an IOMMU");
	ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "%zu rx",
				variant->size));
	self->fd = buf_open(&self->card, "rx", O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(modes)
{
	munmap(self->room, variant->size + 3 * HUGE_PAGE);
	close(self->fd);
	free(self->chunk);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	EXPECT_EQ(0, card_reset(&self->card));
}

static unsigned char *map_at(void *where, size_t size, int fd, __u64 offset)
{
	return mmap(where, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    fd, offset);
}

/* Does the whole node hold pattern @seed? Use read(2), not a mapping. */
static bool node_holds(int fd, unsigned char *chunk, size_t size, __u32 seed)
{
	size_t at, part;

	for (at = 0; at < size; at += part) {
		part = size - at < CHUNK ? size - at : CHUNK;
		if (pread(fd, chunk, part, at) != (ssize_t)part)
			return false;
		if (mismatch(chunk, part, at, seed) != -1)
			return false;
	}
	return true;
}

/* Huge pages map as much as possible of a mapping in step, nothing of one out of step. */
static void check_large_pages(struct __test_metadata *_metadata,
			      const void *map, __u64 expected)
{
	__u64 large;

	if (coherent_forced())
		return;
	ASSERT_EQ(0, mapping_figure(map, "FilePmdMapped:", &large));
	EXPECT_EQ(large_pages_exist() ? expected : 0, large);
}

TEST_F_TIMEOUT(modes, in_step, 120)
{
	unsigned char *map = map_at(self->aligned, variant->size, self->fd, 0);

	ASSERT_EQ(self->aligned, map);
	fill(map, variant->size, 0, 1);
	EXPECT_TRUE(node_holds(self->fd, self->chunk, variant->size, 1));
	check_large_pages(_metadata, map, variant->size & ~(HUGE_PAGE - 1));
}

TEST_F_TIMEOUT(modes, out_of_step, 120)
{
	unsigned char *where = self->aligned + 5 * PAGE;
	unsigned char *map = map_at(where, variant->size, self->fd, 0);

	ASSERT_EQ(where, map);
	fill(map, variant->size, 0, 2);
	EXPECT_TRUE(node_holds(self->fd, self->chunk, variant->size, 2));
	check_large_pages(_metadata, map, 0);
}

/* The kernel chooses an address that fits huge pages. */
TEST_F_TIMEOUT(modes, anywhere, 120)
{
	unsigned char *map = buf_map(self->fd, variant->size, 0);

	ASSERT_NE(MAP_FAILED, map);
	fill(map, variant->size, 0, 3);
	EXPECT_TRUE(node_holds(self->fd, self->chunk, variant->size, 3));
	check_large_pages(_metadata, map, variant->size & ~(HUGE_PAGE - 1));
	EXPECT_EQ(0, munmap(map, variant->size));
}

/*
 * Use mappings of both modes at once, and fault from the end to the start, page by page.
 */
TEST_F_TIMEOUT(modes, both_at_once_backwards, 120)
{
	unsigned char *map = map_at(self->aligned + 3 * PAGE, variant->size,
				    self->fd, 0);
	unsigned char *whole = buf_map(self->fd, variant->size, 0);
	size_t at;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_NE(MAP_FAILED, whole);
	for (at = variant->size; at; at -= PAGE)
		fill(map + at - PAGE, PAGE, at - PAGE, 4);
	EXPECT_EQ(-1, mismatch(whole, variant->size, 0, 4));
	EXPECT_TRUE(node_holds(self->fd, self->chunk, variant->size, 4));
	EXPECT_EQ(0, munmap(whole, variant->size));
}

/* A part in step that begins and ends within huge pages. */
TEST_F_TIMEOUT(modes, in_step_within, 120)
{
	const __u64 offset = 3 * PAGE;
	size_t size = variant->size - 2 * offset;
	unsigned char *where = self->aligned + offset;
	unsigned char *map = map_at(where, size, self->fd, offset);

	ASSERT_EQ(where, map);
	fill(map, size, offset, 5);
	ASSERT_EQ((ssize_t)PAGE, pread(self->fd, self->chunk, PAGE, offset));
	EXPECT_EQ(-1, mismatch(self->chunk, PAGE, offset, 5));
	ASSERT_EQ((ssize_t)PAGE, pread(self->fd, self->chunk, PAGE,
				       offset + size - PAGE));
	EXPECT_EQ(-1, mismatch(self->chunk, PAGE, offset + size - PAGE, 5));
}

static void check_kernel_reaches(struct __test_metadata *_metadata,
				 unsigned char *mem)
{
	static const char text[] = "seventeen letters";
	struct iovec from = { mem, sizeof(text) };
	char copy[sizeof(text)] = "";
	struct iovec to = { copy, sizeof(text) };
	int pipes[2];

	memcpy(mem, text, sizeof(text));
	EXPECT_EQ((ssize_t)sizeof(text),
		  process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_STREQ(text, copy);
	memset(copy, 0, sizeof(copy));
	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ((ssize_t)sizeof(text), vmsplice(pipes[1], &from, 1, 0));
	EXPECT_EQ((ssize_t)sizeof(text), read(pipes[0], copy, sizeof(text)));
	EXPECT_STREQ(text, copy);
	close(pipes[0]);
	close(pipes[1]);
}

/* The pages are not mapped yet, so the kernel itself must fault them in. */
TEST_F_TIMEOUT(modes, ordinary_memory_to_the_kernel, 60)
{
	const size_t size = variant->size;
	unsigned char *map;

	if (coherent_forced())
		SKIP(return, "promised for pages only");
	map = map_at(self->aligned, size, self->fd, 0);
	ASSERT_EQ(self->aligned, map);
	check_kernel_reaches(_metadata, map + size - PAGE);
	map = map_at(self->aligned + 5 * PAGE, size, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	check_kernel_reaches(_metadata, map + size - PAGE);
}

TEST_HARNESS_MAIN
