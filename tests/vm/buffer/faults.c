// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of touching a buffer for the first time: one fault for each 2 MiB, by huge
 * pages or by fault-around, and no fault for a populated mapping. Needs a guest with 3
 * GiB.
 */
#include <kselftest_harness.h>

#include <sys/prctl.h>

#include "lib.h"

#define SIZE		(1 * GIB)
#define LIMIT		((long)(SIZE / HUGE_PAGE))
#define THP_ENABLED	"/sys/kernel/mm/transparent_hugepage/enabled"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

FIXTURE(faults) {
	struct card card;
	int fd;
	struct place place;
};

FIXTURE_VARIANT(faults) {
	size_t shift;	/* of the mapping, from an address that fits huge pages */
};

FIXTURE_VARIANT_ADD(faults, in_step) {
	.shift = 0,
};

FIXTURE_VARIANT_ADD(faults, out_of_step) {
	.shift = 5 * PAGE,
};

/* Allocate the buffer once: zeroing it takes longer than all tests. */
FIXTURE_SETUP(faults)
{
	ASSERT_EQ(0, card_find(0, &self->card));
	ASSERT_EQ(0, card_bind(&self->card));
	if (access(buf_attr(&self->card, "big", "size"), F_OK)) {
		ASSERT_EQ(0, card_reset(&self->card));
		ASSERT_EQ(0, attr_write(MAX_TOTAL, "2G"));
		ASSERT_EQ(0, card_write(&self->card, "max_bytes", "2G"));
		ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
		ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "%lu big",
					SIZE));
	}
	self->fd = buf_open(&self->card, "big", O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(faults)
{
	place_drop(&self->place);
	close(self->fd);
}

/* Return the faults of one write to every page of @mem. */
static long cost_of_touching(unsigned char *mem, size_t size)
{
	long before;

	/* Take the faults of the measuring code first. */
	touch_all(mem, 0);
	before = faults();
	before = faults();
	touch_all(mem, size);
	return faults() - before;
}

/* Huge pages map all of a mapping in step, and nothing of a mapping out of step. */
static void check_large(struct __test_metadata *_metadata,
			const struct place *place, size_t shift)
{
	__u64 large, resident;

	ASSERT_EQ(0, mapping_figure(place->mem, "FilePmdMapped:", &large));
	EXPECT_EQ(shift || !large_pages_exist() ? 0 : place->size, large);
	ASSERT_EQ(0, mapping_figure(place->mem, "Rss:", &resident));
	EXPECT_EQ(place->size, resident);
}

static void check_cost(struct __test_metadata *_metadata, struct place *place,
		       long limit)
{
	long cost = cost_of_touching(place->mem, place->size);

	EXPECT_GE(limit, cost);
	TH_LOG("%ld faults to touch %zu MiB", cost, place->size / MIB);
}

TEST_F_TIMEOUT(faults, one_for_each_large_page, 120)
{
	ASSERT_EQ(0, place_map(&self->place, self->fd, SIZE, variant->shift,
			       0));
	check_cost(_metadata, &self->place, LIMIT);
	check_large(_metadata, &self->place, variant->shift);
	EXPECT_EQ(0, cost_of_touching(self->place.mem, SIZE));
}

/* Touch from the end to the start, as a stack grows. */
TEST_F_TIMEOUT(faults, backwards, 120)
{
	long before;
	size_t at;

	ASSERT_EQ(0, place_map(&self->place, self->fd, SIZE, variant->shift,
			       0));
	before = faults();
	for (at = SIZE; at; at -= PAGE)
		touch_all(self->place.mem + at - PAGE, PAGE);
	EXPECT_GE(LIMIT, faults() - before);
}

TEST_F_TIMEOUT(faults, none_after_map_populate, 120)
{
	ASSERT_EQ(0, place_map(&self->place, self->fd, SIZE, variant->shift,
			       MAP_POPULATE));
	check_large(_metadata, &self->place, variant->shift);
	EXPECT_EQ(0, cost_of_touching(self->place.mem, SIZE));
}

TEST_F_TIMEOUT(faults, none_after_madv_populate, 120)
{
	static const int ways[] = { MADV_POPULATE_WRITE, MADV_POPULATE_READ };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		ASSERT_EQ(0, place_map(&self->place, self->fd, SIZE,
				       variant->shift, 0));
		if (madvise(self->place.mem, SIZE, ways[i])) {
			ASSERT_EQ(EINVAL, errno);
			SKIP(return, "no MADV_POPULATE before Linux 5.14");
		}
		check_large(_metadata, &self->place, variant->shift);
		EXPECT_EQ(0, cost_of_touching(self->place.mem, SIZE));
		place_drop(&self->place);
	}
	ASSERT_EQ(0, place_map(&self->place, self->fd, PAGE, 0, 0));
}

/* Touching a dropped range costs the same faults as before, also for a part of it. */
TEST_F_TIMEOUT(faults, again_after_dontneed, 120)
{
	unsigned char *mem;

	ASSERT_EQ(0, place_map(&self->place, self->fd, SIZE, variant->shift,
			       MAP_POPULATE));
	mem = self->place.mem;
	ASSERT_EQ(0, madvise(mem, SIZE, MADV_DONTNEED));
	check_cost(_metadata, &self->place, LIMIT);
	check_large(_metadata, &self->place, variant->shift);
	ASSERT_EQ(0, madvise(mem + 64 * MIB, 64 * MIB, MADV_DONTNEED));
	EXPECT_GE(64L / 2 + 1, cost_of_touching(mem, SIZE));
}

#ifndef PR_THP_DISABLE_EXCEPT_ADVISED
#define PR_THP_DISABLE_EXCEPT_ADVISED 2
#endif

/*
 * A process that disables huge pages gets base pages by fault-around. Since 6.18, a
 * process can also limit huge pages to advised areas. This limit has no effect here: a
 * file's huge pages are still mapped as huge pages.
 */
TEST_F_TIMEOUT(faults, without_large_pages_by_prctl, 120)
{
	static const unsigned long ways[] = { 0, PR_THP_DISABLE_EXCEPT_ADVISED };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		if (prctl(PR_SET_THP_DISABLE, 1, ways[i], 0, 0)) {
			ASSERT_NE(0, ways[i]);
			continue;
		}
		ASSERT_EQ(0, place_map(&self->place, self->fd, SIZE,
				       variant->shift, 0));
		check_cost(_metadata, &self->place, LIMIT);
		place_drop(&self->place);
		EXPECT_EQ(0, prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	}
	ASSERT_EQ(0, place_map(&self->place, self->fd, PAGE, 0, 0));
}

TEST_F_TIMEOUT(faults, without_large_pages_by_sysfs, 120)
{
	if (!large_pages_exist())
		SKIP(return, "no large pages in this kernel");
	ASSERT_EQ(0, attr_write(THP_ENABLED, "never"));
	EXPECT_EQ(0, place_map(&self->place, self->fd, SIZE, variant->shift,
			       0));
	check_cost(_metadata, &self->place, LIMIT);
	EXPECT_EQ(0, attr_write(THP_ENABLED, "always"));
}

/* A part in step that begins and ends within huge pages. */
TEST_F_TIMEOUT(faults, edges, 120)
{
	const size_t off = HUGE_PAGE - 3 * PAGE, size = 64 * MIB + 7 * PAGE;
	unsigned char *mem;
	__u64 large;

	ASSERT_EQ(0, place_map(&self->place, self->fd, SIZE, variant->shift,
			       0));
	mem = mmap(self->place.mem + off, size, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_FIXED, self->fd, off);
	ASSERT_EQ(self->place.mem + off, mem);
	EXPECT_GE(64L / 2 + 7, cost_of_touching(mem, size));
	ASSERT_EQ(0, mapping_figure(mem, "FilePmdMapped:", &large));
	EXPECT_EQ(variant->shift || !large_pages_exist() ? 0 : 64 * MIB,
		  large);
}

/* Contiguous, but too small for a huge page: base pages, by one fault. */
TEST_F_TIMEOUT(faults, single_pages, 120)
{
	const size_t size = HUGE_PAGE - PAGE;
	int fd;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "%zu single", size));
	fd = buf_open(&self->card, "single", O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, place_map(&self->place, fd, size, variant->shift, 0));
	EXPECT_EQ(1, cost_of_touching(self->place.mem, size));
	close(fd);
	place_drop(&self->place);
	ASSERT_EQ(0, place_map(&self->place, self->fd, PAGE, 0, 0));
	EXPECT_EQ(0, card_write(&self->card, "free", "single"));
}

FIXTURE(after) {
	struct card card;
};

FIXTURE_SETUP(after)
{
	ASSERT_EQ(0, card_find(0, &self->card));
}

FIXTURE_TEARDOWN(after)
{
}

/* The free returns all of the buffer's 1 GiB. */
TEST_F_TIMEOUT(after, all_of_it_comes_back, 60)
{
	__u64 before = mem_available();

	ASSERT_EQ(0, card_write(&self->card, "free", "big"));
	EXPECT_LE(before + SIZE - 16 * MIB, mem_available());
	EXPECT_EQ(0, attr_write(MAX_TOTAL, "512M"));
	EXPECT_EQ(0, card_reset(&self->card));
}

TEST_HARNESS_MAIN
