// SPDX-License-Identifier: GPL-2.0-only
/* Another user in the kernel holds pages of a buffer that is freed. */
#include <kselftest_harness.h>

#include <sys/mman.h>
#include <sys/uio.h>

#include "lib.h"

#define OLD	1
#define NEW	2

FIXTURE(pinned) {
	struct card card;
	struct snapshot before;
	int pipe[2];
};

/* Allocate another buffer, so that freed memory is parked without an IOMMU. */
FIXTURE_SETUP(pinned)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K other"));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(pinned)
{
	close(self->pipe[0]);
	close(self->pipe[1]);
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* A pipe takes a reference to the page, not a copy. */
static void pin_page(struct __test_metadata *_metadata, const struct card *card,
		     size_t size, size_t at, int pipe)
{
	struct iovec page = { .iov_len = PAGE };
	struct buf rx;

	ASSERT_EQ(0, buf_make(card, "alloc", size, "rx", &rx));
	fill(rx.mem, size, 0, OLD);
	page.iov_base = rx.mem + at;
	ASSERT_EQ((ssize_t)PAGE, vmsplice(pipe, &page, 1, 0));
	buf_put(&rx);
	ASSERT_EQ(0, card_write(card, "free", "rx"));
}

/* Allocate as many new buffers as fit, and write to all of them. */
static void write_new_buffers(struct __test_metadata *_metadata,
			      const struct card *card, size_t size)
{
	struct buf buf;
	int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, buf_make(card, "alloc", size, pathf("new%d", i),
				      &buf));
		EXPECT_EQ(-1, nonzero(buf.mem, size));
		fill(buf.mem, size, 0, NEW);
		buf_put(&buf);
	}
}

static void check_pin_survives(struct __test_metadata *_metadata,
			       const struct card *card, size_t size,
			       const int pipe[2])
{
	unsigned char page[PAGE];

	pin_page(_metadata, card, size, 0, pipe[1]);
	write_new_buffers(_metadata, card, size);
	ASSERT_EQ((ssize_t)PAGE, read(pipe[0], page, PAGE));
	EXPECT_EQ(-1, mismatch(page, PAGE, 0, OLD));
}

TEST_F(pinned, single_pages)
{
	check_pin_survives(_metadata, &self->card, 12 * KIB, self->pipe);
}

TEST_F(pinned, large_page)
{
	check_pin_survives(_metadata, &self->card, HUGE_PAGE, self->pipe);
}

#define RANGE	(4 * HUGE_PAGE)

/* If one page of a range is held, the rest of the range is still used again. */
static void check_rest(struct __test_metadata *_metadata, const struct card *card,
		       size_t at, int pipe)
{
	struct buf buf;

	pin_page(_metadata, card, RANGE, at, pipe);
	ASSERT_EQ(0, buf_make(card, "alloc", RANGE / 2, "new", &buf));
	EXPECT_EQ(-1, nonzero(buf.mem, RANGE / 2));
	EXPECT_EQ(PAGE + RANGE, attr_u64(card_attr(card, "allocated_bytes")));
	buf_put(&buf);
}

TEST_F(pinned, end_of_a_range)
{
	if (iommu_translates())
		SKIP(return, "nothing is parked");
	check_rest(_metadata, &self->card, RANGE - PAGE, self->pipe[1]);
}

TEST_F(pinned, beginning_of_a_range)
{
	if (iommu_translates())
		SKIP(return, "nothing is parked");
	check_rest(_metadata, &self->card, 0, self->pipe[1]);
}

TEST_HARNESS_MAIN
