// SPDX-License-Identifier: GPL-2.0-only
/* Valid and invalid mappings. */
#include <kselftest_harness.h>

#include <sys/syscall.h>

#include "lib.h"

#define SIZE		(3 * MIB + PAGE)	/* a huge page and a tail */
#define ADDRESS_SPACE	(64 * MIB)

FIXTURE(map) {
	struct card card;
	struct snapshot before;
	int fd;
};

FIXTURE_SETUP(map)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "%lu rx", SIZE));
	self->fd = buf_open(&self->card, "rx", O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(map)
{
	close(self->fd);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	EXPECT_EQ(0, card_reset(&self->card));
}

struct range {
	__u64 offset;
	__u64 length;
};

/* Write through the mapping, and read the data at its offset by pread(). */
static void check_mapped(struct __test_metadata *_metadata, int fd,
			 const struct range *range)
{
	unsigned char *map = buf_map(fd, range->length, range->offset);
	unsigned char page[PAGE];
	__u64 at;

	ASSERT_NE(MAP_FAILED, map) {
		TH_LOG("offset %#llx length %#llx", range->offset,
		       range->length);
	}
	fill(map, range->length, range->offset, range->length);
	for (at = 0; at < range->length; at += PAGE) {
		ASSERT_EQ((ssize_t)PAGE, pread(fd, page, PAGE,
					       range->offset + at));
		ASSERT_EQ(-1, mismatch(page, PAGE, range->offset + at,
				       range->length));
	}
	EXPECT_EQ(0, munmap(map, range->length));
}

TEST_F_TIMEOUT(map, inside, 120)
{
	static const struct range ranges[] = {
		{ 0, SIZE },			/* exact */
		{ 0, PAGE },			/* first page */
		{ SIZE - PAGE, PAGE },		/* last page */
		{ PAGE, SIZE - PAGE },		/* all but the first */
		{ 0, SIZE - PAGE },		/* all but the last */
		{ 0, HUGE_PAGE },		/* one huge page */
		{ HUGE_PAGE - PAGE, 2 * PAGE },	/* across its end */
		{ PAGE, 3 * MIB },		/* large, out of step */
		{ 2 * MIB, SIZE - 2 * MIB },	/* the tail alone */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		check_mapped(_metadata, self->fd, &ranges[i]);
}

TEST_F(map, outside_is_einval)
{
	static const struct range ranges[] = {
		{ 0, SIZE + PAGE },
		{ 0, SIZE + 1 },		/* rounded up by the kernel */
		{ 0, 1 * GIB },
		{ PAGE, SIZE },
		{ SIZE, PAGE },			/* from the very end */
		{ SIZE + PAGE, PAGE },
		{ SIZE - PAGE, 2 * PAGE },
		{ 1ULL << 62, PAGE },
		{ 0, 0 },
		{ SIZE - PAGE, 0 },
		{ 1, PAGE },			/* offset within a page */
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		errno = 0;
		EXPECT_EQ(MAP_FAILED, buf_map(self->fd, ranges[i].length,
					      ranges[i].offset));
		EXPECT_EQ(EINVAL, errno) {
			TH_LOG("offset %#llx length %#llx", ranges[i].offset,
			       ranges[i].length);
		}
	}
}

/*
 * Sums of offset and length that overflow. The kernel may refuse them before the driver.
 */
TEST_F(map, overflow_is_refused)
{
	static const struct range ranges[] = {
		{ ~0ULL - PAGE + 1, PAGE },
		{ ~0ULL - PAGE + 1, 2 * PAGE },
		{ ~0ULL - SIZE + 1, SIZE },
		{ 1ULL << 63, PAGE },
		{ PAGE, ~0ULL - 2 * PAGE + 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		errno = 0;
		EXPECT_EQ(-1, syscall(SYS_mmap, NULL, ranges[i].length,
				      PROT_READ | PROT_WRITE, MAP_SHARED,
				      self->fd, ranges[i].offset));
		EXPECT_TRUE(errno == EINVAL || errno == EOVERFLOW ||
			    errno == ENOMEM) {
			TH_LOG("offset %#llx length %#llx: errno %d",
			       ranges[i].offset, ranges[i].length, errno);
		}
	}
}

TEST_F(map, read_only_stays_read_only)
{
	int fd = buf_open(&self->card, "rx", O_RDONLY);
	unsigned char *map;

	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, buf_map(fd, SIZE, 0));
	EXPECT_EQ(EACCES, errno);
	map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(1, pwrite(self->fd, "x", 1, SIZE - 1));
	EXPECT_EQ('x', map[SIZE - 1]);
	EXPECT_EQ(-1, mprotect(map, SIZE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(map, PAGE, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(SIGSEGV, touch(map));
	EXPECT_EQ(0, munmap(map, SIZE));
	close(fd);
}

/* Remove write permission from a part of a writable mapping, and restore it. */
TEST_F(map, mprotect_of_the_middle)
{
	unsigned char *map = buf_map(self->fd, SIZE, 0);

	ASSERT_NE(MAP_FAILED, map);
	fill(map, SIZE, 0, 1);
	ASSERT_EQ(0, mprotect(map + 1 * MIB, 2 * MIB, PROT_READ));
	EXPECT_EQ(0, touch(map + 1 * MIB - 1));
	EXPECT_EQ(SIGSEGV, touch(map + 1 * MIB));
	EXPECT_EQ(SIGSEGV, touch(map + 3 * MIB - 1));
	EXPECT_EQ(0, touch(map + 3 * MIB));
	EXPECT_EQ(-1, mismatch(map, SIZE, 0, 1));
	ASSERT_EQ(0, mprotect(map + 1 * MIB, 2 * MIB, PROT_READ | PROT_WRITE));
	fill(map, SIZE, 0, 2);
	EXPECT_EQ(-1, mismatch(map, SIZE, 0, 2));
	EXPECT_EQ(0, munmap(map, SIZE));
}

TEST_F(map, mremap_does_not_grow)
{
	unsigned char *map = buf_map(self->fd, PAGE, 0);
	unsigned char *whole = buf_map(self->fd, SIZE, 0);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_NE(MAP_FAILED, whole);
	EXPECT_EQ(MAP_FAILED, mremap(map, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mremap(map, PAGE, 2 * PAGE, 0));
	EXPECT_EQ(MAP_FAILED, mremap(whole, SIZE, 2 * SIZE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, touch(map));
	EXPECT_EQ(0, touch(whole + SIZE - 1));
	EXPECT_EQ(0, munmap(map, PAGE));
	EXPECT_EQ(0, munmap(whole, SIZE));
}

/*
 * Move the mapping to an address out of step, after the first touch and before it. The
 * data must stay.
 */
TEST_F(map, mremap_moves)
{
	unsigned char *room = mmap(NULL, ADDRESS_SPACE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *map = buf_map(self->fd, SIZE, 0);
	unsigned char *to;

	ASSERT_NE(MAP_FAILED, room);
	ASSERT_NE(MAP_FAILED, map);
	fill(map, SIZE, 0, 3);
	to = mremap(map, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    room + 3 * PAGE);
	ASSERT_EQ(room + 3 * PAGE, to);
	EXPECT_EQ(-1, mismatch(to, SIZE, 0, 3));
	fill(to, SIZE, 0, 4);
	/*
	 * Map a placeholder there, because the kernel would put the next mapping into
	 * the hole.
	 */
	ASSERT_EQ(to, mmap(to, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			   MAP_FIXED, -1, 0));

	map = buf_map(self->fd, SIZE, 0);
	ASSERT_NE(MAP_FAILED, map);
	to = mremap(map, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    room + 7 * PAGE);
	ASSERT_EQ(room + 7 * PAGE, to);
	EXPECT_EQ(-1, mismatch(to, SIZE, 0, 4));
	EXPECT_EQ(0, munmap(room, ADDRESS_SPACE));
}

TEST_F(map, munmap_of_the_middle)
{
	unsigned char *map = buf_map(self->fd, SIZE, 0);
	const __u64 from = 1 * MIB + PAGE, to = 2 * MIB + 3 * PAGE;

	ASSERT_NE(MAP_FAILED, map);
	fill(map, SIZE, 0, 5);
	ASSERT_EQ(0, munmap(map + from, to - from));
	EXPECT_EQ(SIGSEGV, touch(map + from));
	EXPECT_EQ(SIGSEGV, touch(map + to - 1));
	EXPECT_EQ(-1, mismatch(map, from, 0, 5));
	EXPECT_EQ(-1, mismatch(map + to, SIZE - to, to, 5));
	fill(map, from, 0, 6);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, munmap(map, from));
	EXPECT_EQ(-1, mismatch(map + to, SIZE - to, to, 5));
	EXPECT_EQ(0, munmap(map + to, SIZE - to));
}

/* The advice drops the pages from the page table. The data stays. */
TEST_F(map, madvise_dontneed)
{
	unsigned char *map = buf_map(self->fd, SIZE, 0);

	ASSERT_NE(MAP_FAILED, map);
	fill(map, SIZE, 0, 7);
	if (madvise(map, SIZE, MADV_DONTNEED))
		EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mismatch(map, SIZE, 0, 7));
	if (madvise(map + PAGE, HUGE_PAGE, MADV_DONTNEED))
		EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mismatch(map, SIZE, 0, 7));
	fill(map, SIZE, 0, 8);
	EXPECT_EQ(-1, mismatch(map, SIZE, 0, 8));
	EXPECT_EQ(0, munmap(map, SIZE));
}

/* A hole would be memory that the card keeps and the program has lost. */
TEST_F(map, madvise_remove_makes_no_hole)
{
	unsigned char *map = buf_map(self->fd, SIZE, 0);

	ASSERT_NE(MAP_FAILED, map);
	fill(map, SIZE, 0, 9);
	EXPECT_EQ(-1, madvise(map, HUGE_PAGE, MADV_REMOVE));
	EXPECT_EQ(-1, fallocate(self->fd, 0x3, 0, PAGE));
	EXPECT_EQ(-1, ftruncate(self->fd, PAGE));
	EXPECT_EQ(-1, mismatch(map, SIZE, 0, 9));
	EXPECT_EQ(0, munmap(map, SIZE));
}

TEST_F(map, populate)
{
	unsigned char *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_POPULATE, self->fd, 0);
	__u64 resident;

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, mapping_figure(map, "Rss:", &resident));
	if (!coherent_forced())
		EXPECT_EQ(SIZE, resident);
	fill(map, SIZE, 0, 10);
	EXPECT_EQ(-1, mismatch(map, SIZE, 0, 10));
	EXPECT_EQ(0, munmap(map, SIZE));
}

/* munmap and close work in either order. A mapping needs no descriptor. */
TEST_F(map, outlives_its_descriptor)
{
	int fd = buf_open(&self->card, "rx", O_RDWR);
	unsigned char *map = buf_map(fd, SIZE, 0);

	ASSERT_NE(MAP_FAILED, map);
	close(fd);
	fill(map, SIZE, 0, 11);
	EXPECT_EQ(-1, mismatch(map, SIZE, 0, 11));
	EXPECT_EQ(2, attr_u64(buf_attr(&self->card, "rx", "open_count")));
	EXPECT_EQ(0, munmap(map, SIZE));
	EXPECT_EQ(1, attr_u64(buf_attr(&self->card, "rx", "open_count")));
}

TEST_HARNESS_MAIN
