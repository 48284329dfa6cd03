// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hardware reports that memory of a buffer is broken, or will be soon. The page
 * raises SIGBUS, or EIO. All other pages stay, and the broken page is never allocated
 * again.
 */
#include <kselftest_harness.h>

#include <sys/utsname.h>

#include "lib.h"

#define MADV_HWPOISON_		100
#define MADV_SOFT_OFFLINE_	101
#define BROKEN			(1 * MIB + 5 * PAGE)
#define KPF_COMPOUND		0x18000	/* head or tail */

FIXTURE(poison) {
	struct card card;
	int fd;
	struct place place;
};

FIXTURE_VARIANT(poison) {
	const char *how;
	size_t size;
	size_t shift;
};

FIXTURE_VARIANT_ADD(poison, large_pages) {
	.how = "alloc_sg", .size = 4 * MIB,
};

FIXTURE_VARIANT_ADD(poison, out_of_step) {
	.how = "alloc_sg", .size = 4 * MIB, .shift = PAGE,
};

FIXTURE_VARIANT_ADD(poison, single_pages) {
	.how = "alloc", .size = 2 * MIB - PAGE,
};

FIXTURE_SETUP(poison)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, card_write(&self->card, variant->how, "%zu rx",
				variant->size));
	self->fd = buf_open(&self->card, "rx", O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_map(&self->place, self->fd, variant->size,
			       variant->shift, 0));
	fill(self->place.mem, variant->size, 0, 1);
}

FIXTURE_TEARDOWN(poison)
{
	place_drop(&self->place);
	close(self->fd);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, card_reset(&self->card));
}

/*
 * Linux 5.10 and 7.2 map a huge page whole, even if a part is known to be broken: with
 * one entry or with many (do_set_pmd(), finish_fault()). The hardware then reports the
 * error at a touch.
 */
static bool maps_around(void)
{
	struct utsname name;

	return !uname(&name) && atoi(name.release) == 6;
}

/*
 * Is the page with that number part of a huge page? It is as long as the huge page is in
 * use (/proc/kpageflags, Documentation/admin-guide/mm/pagemap.rst).
 */
static bool is_part(__u64 frame)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	__u64 flags = 0;

	if (pread(fd, &flags, sizeof(flags), frame * sizeof(flags)) < 0)
		flags = 0;
	close(fd);
	return flags & KPF_COMPOUND;
}

/* The kernel may kill the process that reports the page. */
static int say_broken(void *page)
{
	return madvise(page, PAGE, MADV_HWPOISON_) ? errno : 0;
}

/* New buffers of all sizes, which are written to, do not contain the broken page. */
static void use_new_memory(struct __test_metadata *_metadata,
			   const struct card *card)
{
	static const size_t sizes[] = { 16 * MIB, MIB, 2 * MIB, 12 * KIB };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct buf buf;

		ASSERT_EQ(0, buf_make(card, "alloc_sg", sizes[i],
				      pathf("new%u", i), &buf));
		EXPECT_EQ(-1, nonzero(buf.mem, buf.size));
		fill(buf.mem, buf.size, 0, i);
		EXPECT_EQ(-1, mismatch(buf.mem, buf.size, 0, i));
		buf_put(&buf);
	}
}

/* A read returns the data before the page. Reads and writes of the page itself fail. */
static void check_reads(struct __test_metadata *_metadata, int fd)
{
	static char text[4 * PAGE];

	EXPECT_EQ(2 * PAGE, pread(fd, text, sizeof(text), BROKEN - 2 * PAGE));
	EXPECT_EQ(-1, mismatch(text, 2 * PAGE, BROKEN - 2 * PAGE, 1));
	/* A read and a write begin in the page before, and end in the broken page. */
	EXPECT_EQ(100, pread(fd, text, 200, BROKEN - 100));
	EXPECT_EQ(100, pwrite(fd, text, 200, BROKEN - 100));
	EXPECT_EQ(-1, pread(fd, text, 1, BROKEN + PAGE - 1));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pwrite(fd, text, 1, BROKEN));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(PAGE, pread(fd, text, PAGE, BROKEN + PAGE));
	EXPECT_EQ(-1, mismatch(text, PAGE, BROKEN + PAGE, 1));
}

TEST_F_TIMEOUT(poison, broken, 60)
{
	unsigned char *mem = self->place.mem;
	const size_t after = BROKEN + PAGE;
	__u64 frame = frame_of(mem + BROKEN);
	bool part = is_part(frame);
	int err = in_child(say_broken, mem + BROKEN);

	if (err == EINVAL || err == EPERM)
		SKIP(return, "this kernel takes no word for it");
	ASSERT_EQ(0, madvise(mem, variant->size, MADV_DONTNEED));
	EXPECT_EQ(SIGBUS, touch(mem + BROKEN));
	EXPECT_EQ(-1, mismatch(mem, BROKEN, 0, 1));
	EXPECT_EQ(-1, mismatch(mem + after, variant->size - after, after, 1));
	if (maps_around() || variant->size < 4 * MIB || variant->shift)
		EXPECT_EQ(SIGBUS, touch(mem + BROKEN + PAGE - 1));
	check_reads(_metadata, self->fd);
	fill(mem, BROKEN, 0, 2);
	EXPECT_EQ(-1, mismatch(mem, BROKEN, 0, 2));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K held"));
	place_drop(&self->place);
	close(self->fd);
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	use_new_memory(_metadata, &self->card);
	/* The same must hold when the card has no buffer, so that nothing is parked. */
	ASSERT_EQ(0, card_revoke_all(&self->card));
	EXPECT_EQ(part, is_part(frame));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	self->fd = buf_open(&self->card, "rx", O_RDWR);
	ASSERT_EQ(0, place_map(&self->place, self->fd, PAGE, 0, 0));
}

/* Soft offline would move a page that still works. Pages of buffers do not move. */
TEST_F_TIMEOUT(poison, soon_broken, 60)
{
	unsigned char *mem = self->place.mem;
	__u64 at;

	for (at = 0; at < variant->size; at += MIB / 2 + PAGE)
		EXPECT_EQ(-1, madvise(mem + at, PAGE, MADV_SOFT_OFFLINE_));
	EXPECT_EQ(-1, mismatch(mem, variant->size, 0, 1));
	EXPECT_TRUE(file_holds(self->fd, variant->size, 1));
	fill(mem, variant->size, 0, 2);
	EXPECT_TRUE(file_holds(self->fd, variant->size, 2));
}

TEST_HARNESS_MAIN
