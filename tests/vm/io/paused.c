// SPDX-License-Identifier: GPL-2.0-only
/*
 * A read or a write stops in the middle, because a page of the caller's own memory does
 * not come (userfaultfd). Meanwhile the buffer is revoked and others allocate all
 * memory. When the call continues, a read returns the buffer's old data, and a write
 * changes nothing else. Needs a small guest with two cards, and not the test build,
 * which waits for all users of a page.
 */
#include <kselftest_harness.h>

#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lib.h"

#define SIZE	(64 * KIB)	/* one extent, held by one reference */
#define OLD	3
#define OTHERS	32	/* buffers of the other card, of the same kind */

FIXTURE(paused) {
	struct card card;
	struct card other;
	struct buf others[OTHERS];
	struct snapshot before;
	int fd;
	__u64 frame;		/* of the buffer's first page */
	int faults;		/* of the memory that does not come */
	unsigned char *mem;
	ssize_t done;
	int error;
};

FIXTURE_VARIANT(paused) {
	bool unbind;
};

FIXTURE_VARIANT_ADD(paused, revoked) {
	.unbind = false,
};

FIXTURE_VARIANT_ADD(paused, unbound) {
	.unbind = true,
};

/* The first page is there. userfaultfd delays the others. */
static int make_slow_memory(struct _test_data_paused *self)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .len = SIZE - PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	self->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	self->faults = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (self->mem == MAP_FAILED || self->faults < 0)
		return errno;
	self->mem[0] = 0;
	range.range.start = (unsigned long)self->mem + PAGE;
	if (ioctl(self->faults, UFFDIO_API, &api) ||
	    ioctl(self->faults, UFFDIO_REGISTER, &range))
		return errno;
	return 0;
}

static __u64 first_frame(int fd)
{
	unsigned char *mem = buf_map(fd, SIZE, 0);
	__u64 frame = touch(mem) ? 0 : frame_of(mem);

	munmap(mem, SIZE);
	return frame;
}

FIXTURE_SETUP(paused)
{
	static unsigned char old[SIZE];

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_get(1, &self->other));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "%lu rx", SIZE));
	self->fd = buf_open(&self->card, "rx", O_RDWR);
	ASSERT_LE(0, self->fd);
	fill(old, SIZE, 0, OLD);
	ASSERT_EQ((ssize_t)SIZE, pwrite(self->fd, old, SIZE, 0));
	self->frame = first_frame(self->fd);
	ASSERT_NE(0, self->frame);
	ASSERT_EQ(0, make_slow_memory(self));
}

FIXTURE_TEARDOWN(paused)
{
	close(self->faults);
	munmap(self->mem, SIZE);
	close(self->fd);
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static void *read_all(void *arg)
{
	struct _test_data_paused *self = arg;

	self->done = pread(self->fd, self->mem, SIZE, 0);
	self->error = errno;
	return NULL;
}

static void *write_all(void *arg)
{
	struct _test_data_paused *self = arg;

	self->done = pwrite(self->fd, self->mem, SIZE, 0);
	self->error = errno;
	return NULL;
}

/* The missing pages come, as zeros. */
static void let_memory_come(struct __test_metadata *_metadata,
			    struct _test_data_paused *self)
{
	struct uffdio_zeropage pages = {
		.range = {
			.start = (unsigned long)self->mem + PAGE,
			.len = SIZE - PAGE,
		},
	};

	ASSERT_EQ(0, ioctl(self->faults, UFFDIO_ZEROPAGE, &pages));
}

/*
 * The last freed memory goes to the next request for its size. Is it the buffer's
 * memory?
 */
static bool give_to_others(struct __test_metadata *_metadata,
			   struct _test_data_paused *self)
{
	bool found = false;
	int i;

	for (i = 0; i < OTHERS; i++) {
		struct buf *buf = &self->others[i];

		ASSERT_EQ(0, buf_make(&self->other, "alloc_sg", SIZE,
				      pathf("o%d", i), buf));
		memset(buf->mem, TAKEN, SIZE);
		found |= frame_of(buf->mem) == self->frame;
	}
	return found;
}

static void check_others(struct __test_metadata *_metadata,
			 struct _test_data_paused *self)
{
	int i;

	for (i = 0; i < OTHERS; i++) {
		EXPECT_TRUE(all_marks(self->others[i].mem, SIZE));
		buf_put(&self->others[i]);
	}
	EXPECT_EQ(0, card_reset(&self->other));
}

/*
 * Pause a call, and check that it does not change memory that others allocated
 * meanwhile.
 */
static void pause_in(struct __test_metadata *_metadata,
		     struct _test_data_paused *self, void *(*call)(void *arg),
		     bool unbind)
{
	struct pollfd fault = { .fd = self->faults, .events = POLLIN };
	unsigned char *marks;
	pthread_t thread;
	size_t size;

	ASSERT_EQ(0, pthread_create(&thread, NULL, call, self));
	ASSERT_EQ(1, poll(&fault, 1, 20000));
	ASSERT_EQ(0, unbind ? card_unbind(&self->card) :
			      card_write(&self->card, "revoke", "rx"));
	EXPECT_FALSE(give_to_others(_metadata, self));
	marks = take_all_memory(&size);
	ASSERT_NE(MAP_FAILED, marks);
	let_memory_come(_metadata, self);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(all_marks(marks, size));
	munmap(marks, size);
	check_others(_metadata, self);
}

/* The read returns data of the extent that it holds, or fails. */
TEST_F_TIMEOUT(paused, read_goes_on, 120)
{
	pause_in(_metadata, self, read_all, variant->unbind);
	if (self->done < 0) {
		EXPECT_EQ(ENODEV, self->error);
		return;
	}
	EXPECT_LT((ssize_t)PAGE, self->done);
	EXPECT_EQ(-1, mismatch(self->mem, self->done, 0, OLD));
}

TEST_F_TIMEOUT(paused, write_goes_on, 120)
{
	pause_in(_metadata, self, write_all, variant->unbind);
	EXPECT_TRUE(self->done > (ssize_t)PAGE || self->error == ENODEV);
}

TEST_HARNESS_MAIN
