// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls that change a mapping: mmap, mprotect, munmap, mremap. Each call keeps the
 * data, wherever it splits a huge page.
 */
#include "lib-mapped.h"

struct part {
	size_t from;
	size_t to;
};

/* Within huge pages, at their ends, across them, and up to the tail. */
static const struct part parts[] = {
	{ 0, PAGE },
	{ 0, HUGE_PAGE },
	{ PAGE, 2 * PAGE },
	{ HUGE_PAGE - PAGE, HUGE_PAGE + PAGE },
	{ 1 * MIB, 1 * MIB + 17 * PAGE },
	{ 1 * MIB + PAGE, 2 * MIB + 255 * PAGE },
	{ 2 * MIB, 3 * MIB },
	{ 3 * PAGE, 3 * MIB - 5 * PAGE },
	{ 3 * MIB - PAGE, 3 * MIB },
};

TEST_F_TIMEOUT(mapped, by_large_pages_where_they_fit, 60)
{
	__u64 large;

	if (coherent_forced())
		SKIP(return, "promised for pages only");
	ASSERT_EQ(0, mapping_figure(self->mem, "FilePmdMapped:", &large));
	EXPECT_EQ(variant->large, large);
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, mprotect_of_the_whole, 60)
{
	const size_t size = variant->size;

	ASSERT_EQ(0, mprotect(self->mem, size, PROT_NONE));
	EXPECT_EQ(SIGSEGV, touch(self->mem));
	EXPECT_EQ(SIGSEGV, touch(self->mem + size - 1));
	EXPECT_TRUE(file_holds(self->fd, size, 1));
	ASSERT_EQ(0, mprotect(self->mem, size, PROT_READ));
	EXPECT_EQ(-1, mismatch(self->mem, size, 0, 1));
	EXPECT_EQ(SIGSEGV, touch(self->mem));
	EXPECT_EQ(SIGSEGV, touch(self->mem + size - 1));
	ASSERT_EQ(0, mprotect(self->mem, size, PROT_READ | PROT_WRITE));
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, mprotect_of_parts, 60)
{
	unsigned char *mem = self->mem;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		const struct part *part = &parts[i];
		size_t length = part->to - part->from;

		ASSERT_EQ(0, mprotect(mem + part->from, length, PROT_NONE));
		EXPECT_EQ(SIGSEGV, touch(mem + part->from));
		EXPECT_EQ(SIGSEGV, touch(mem + part->to - 1));
		if (part->from)
			EXPECT_EQ(0, touch(mem + part->from - 1));
		if (part->to < variant->size)
			EXPECT_EQ(0, touch(mem + part->to));
		ASSERT_EQ(0, mprotect(mem + part->from, length, PROT_READ));
		EXPECT_EQ(-1, mismatch(mem, variant->size, 0, 1));
		EXPECT_EQ(SIGSEGV, touch(mem + part->from));
		ASSERT_EQ(0, mprotect(mem + part->from, length,
				      PROT_READ | PROT_WRITE));
	}
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, read_only_is_never_widened, 60)
{
	int fd = buf_open(&self->card, "rx", O_RDONLY);
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(self->mem, mmap(self->mem, variant->size, PROT_READ,
				  MAP_SHARED | MAP_FIXED, fd, 0));
	close(fd);
	EXPECT_EQ(-1, mismatch(self->mem, variant->size, 0, 1));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		unsigned char *from = self->mem + parts[i].from;
		size_t length = parts[i].to - parts[i].from;

		EXPECT_EQ(-1, mprotect(from, length, PROT_READ | PROT_WRITE));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(SIGSEGV, touch(from));
		EXPECT_EQ(0, mprotect(from, length, PROT_NONE));
		EXPECT_EQ(-1, mprotect(from, length, PROT_READ | PROT_WRITE));
		EXPECT_EQ(0, mprotect(from, length, PROT_READ));
	}
	check_holds(_metadata, &self->place, self->fd, 1);
}

/* Unmap one part at a time, of a mapping that was touched and of one that was not. */
TEST_F_TIMEOUT(mapped, munmap_of_parts, 120)
{
	const size_t size = variant->size;
	unsigned char *mem = self->mem;
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(parts); i++) {
		const struct part *part = &parts[i / 2];

		ASSERT_EQ(mem, mmap(mem, size, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_FIXED, self->fd, 0));
		if (i % 2)
			EXPECT_EQ(-1, mismatch(mem, size, 0, 1));
		ASSERT_EQ(0, munmap(mem + part->from, part->to - part->from));
		EXPECT_EQ(SIGSEGV, touch(mem + part->from));
		EXPECT_EQ(SIGSEGV, touch(mem + part->to - 1));
		EXPECT_EQ(-1, mismatch(mem, part->from, 0, 1));
		EXPECT_EQ(-1, mismatch(mem + part->to, size - part->to,
				       part->to, 1));
	}
	ASSERT_EQ(mem, mmap(mem, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED, self->fd, 0));
	check_works(_metadata, &self->place, self->fd, 1);
}

/* Map the parts alone, each at its address in the whole mapping. */
TEST_F_TIMEOUT(mapped, mmap_of_parts, 120)
{
	unsigned char *model = malloc(variant->size);
	unsigned char *copy = malloc(variant->size);
	unsigned int i;

	fill(model, variant->size, 0, 1);
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t from = parts[i].from, length = parts[i].to - from;

		ASSERT_EQ(0, munmap(self->mem, variant->size));
		ASSERT_EQ(self->mem + from,
			  mmap(self->mem + from, length, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_FIXED, self->fd, from));
		EXPECT_EQ(0, memcmp(self->mem + from, model + from, length));
		fill(self->mem + from, length, from, i + 2);
		fill(model + from, length, from, i + 2);
		ASSERT_EQ((ssize_t)variant->size,
			  pread(self->fd, copy, variant->size, 0));
		EXPECT_EQ(0, memcmp(copy, model, variant->size));
	}
	free(copy);
	free(model);
}

/* Unmap every second page, so that no huge page stays whole. */
TEST_F_TIMEOUT(mapped, munmap_of_every_second_page, 120)
{
	size_t at;

	for (at = 0; at < 3 * MIB; at += 2 * PAGE)
		ASSERT_EQ(0, munmap(self->mem + at, PAGE));
	for (at = PAGE; at < 3 * MIB; at += 2 * PAGE)
		ASSERT_EQ(-1, mismatch(self->mem + at, PAGE, at, 1));
	EXPECT_TRUE(file_holds(self->fd, variant->size, 1));
}

/* Move the whole mapping to addresses in step and out of step, and back. */
TEST_F_TIMEOUT(mapped, mremap_moves_the_whole, 60)
{
	static const size_t shifts[] = { 0, PAGE, 0, 7 * PAGE, 0 };
	const size_t size = variant->size;
	struct place there;
	unsigned int i;

	ASSERT_EQ(0, place_map(&there, self->fd, size, 0, 0));
	for (i = 0; i < ARRAY_SIZE(shifts); i++) {
		unsigned char *to = (i % 2 ? self->place.mem : there.mem) +
				    shifts[i];

		to = mremap(self->mem, size, size,
			    MREMAP_MAYMOVE | MREMAP_FIXED, to);
		ASSERT_NE(MAP_FAILED, to);
		EXPECT_EQ(SIGSEGV, touch(self->mem));
		self->mem = to;
		EXPECT_EQ(-1, mismatch(to, size, 0, i + 1));
		fill(to, size, 0, i + 2);
		EXPECT_TRUE(file_holds(self->fd, size, i + 2));
	}
	place_drop(&there);
}

/* Move a part from the middle of a huge page to another address. */
TEST_F_TIMEOUT(mapped, mremap_moves_a_part, 60)
{
	const size_t from = 1 * MIB + PAGE, length = 1 * MIB + 3 * PAGE;
	struct place there;
	unsigned char *to;

	ASSERT_EQ(0, place_map(&there, self->fd, PAGE, 0, 0));
	to = mremap(self->mem + from, length, length,
		    MREMAP_MAYMOVE | MREMAP_FIXED, there.mem + 9 * PAGE);
	ASSERT_EQ(there.mem + 9 * PAGE, to);
	EXPECT_EQ(SIGSEGV, touch(self->mem + from));
	EXPECT_EQ(-1, mismatch(to, length, from, 1));
	EXPECT_EQ(-1, mismatch(self->mem, from, 0, 1));
	EXPECT_EQ(-1, mismatch(self->mem + from + length,
			       variant->size - from - length, from + length,
			       1));
	fill(to, length, from, 1);
	EXPECT_TRUE(file_holds(self->fd, variant->size, 1));
	place_drop(&there);
}

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP	4
#endif

/* mremap is refused if the result would exceed the buffer or leave empty areas. */
TEST_F_TIMEOUT(mapped, mremap_shrinks_and_does_not_grow, 60)
{
	const size_t size = variant->size;
	unsigned char *mem = self->mem;

	EXPECT_EQ(MAP_FAILED, mremap(mem, size, size + PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mremap(mem, size, size + PAGE, 0));
	EXPECT_EQ(MAP_FAILED, mremap(mem, 0, size, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(mem, size, size,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
	check_holds(_metadata, &self->place, self->fd, 1);
	ASSERT_EQ(mem, mremap(mem, size, 2 * MIB + 3 * PAGE, 0));
	EXPECT_EQ(SIGSEGV, touch(mem + 2 * MIB + 3 * PAGE));
	EXPECT_EQ(-1, mismatch(mem, 2 * MIB + 3 * PAGE, 0, 1));
	ASSERT_EQ(mem, mremap(mem, 2 * MIB + 3 * PAGE, MIB + PAGE, 0));
	EXPECT_EQ(-1, mismatch(mem, MIB + PAGE, 0, 1));
	EXPECT_TRUE(file_holds(self->fd, size, 1));
}

TEST_HARNESS_MAIN
