// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the memory manager can put into the page table entries of a mapping before the
 * first access. Whatever is in an entry, a fault on it ends: with the page, or with a
 * signal. Otherwise a store would hang, and a system call on it even after SIGKILL.
 *
 * The numbers are those of kernels that are newer than the headers of this system.
 */
#include <kselftest_harness.h>

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "lib.h"

#define SIZE		(4 * MIB)	/* the largest that every backing can allocate */
#define PARTS		16		/* of the mapping, of which calls use one each */
#define PART		(SIZE / PARTS)

#define WP_UNPOPULATED	0x2000	/* UFFD_FEATURE_WP_UNPOPULATED, Linux 6.4 */
#define WP_ASYNC	0x8000	/* UFFD_FEATURE_WP_ASYNC, Linux 6.7 */
#define MADV_POPULATE_R	22		/* MADV_POPULATE_READ, Linux 5.14 */
#define MADV_POPULATE_W	23		/* MADV_POPULATE_WRITE */
#define MADV_COLLAPSE_	25		/* MADV_COLLAPSE, Linux 6.1 */
#define MADV_GUARD	102		/* MADV_GUARD_INSTALL, Linux 6.13 */
#define MADV_UNGUARD	103		/* MADV_GUARD_REMOVE */
#define MLOCK_ONFAULT_	1
#define SYS_MSEAL	462		/* Linux 6.10 */

/* struct pm_scan_arg of Linux 6.7 */
struct scan {
	__u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
	__u64 inverted, mask, anyof, returned;
};

#define PAGEMAP_SCAN_	_IOWR('f', 16, struct scan)
#define SCAN_WP		1		/* PM_SCAN_WP_MATCHING */
#define SCAN_WRITTEN	2		/* PAGE_IS_WRITTEN */

FIXTURE(markers) {
	struct card card;
	struct snapshot before;
	int fd;
	int uffd;
	struct place place;
	unsigned char *mem;
};

FIXTURE_VARIANT(markers) {
	size_t shift;		/* from an address that fits huge pages */
	bool refused;		/* the process refuses huge pages during mmap */
};

FIXTURE_VARIANT_ADD(markers, large_pages) { .shift = 0 };
FIXTURE_VARIANT_ADD(markers, out_of_step) { .shift = 5 * PAGE };
FIXTURE_VARIANT_ADD(markers, refused) { .refused = true };

FIXTURE_SETUP(markers)
{
	self->uffd = -1;
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "%lu rx", SIZE));
	self->fd = buf_open(&self->card, "rx", O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, variant->refused, 0, 0, 0));
	ASSERT_EQ(0, place_map(&self->place, self->fd, SIZE, variant->shift,
			       0));
	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
	self->mem = self->place.mem;
}

FIXTURE_TEARDOWN(markers)
{
	if (self->uffd >= 0)
		close(self->uffd);
	place_drop(&self->place);
	close(self->fd);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Return a userfaultfd with these features that watches the mapping, or -1. */
static int watch(const unsigned char *mem, __u64 features, __u64 mode)
{
	struct uffdio_register range = {
		.range = { (unsigned long)mem, SIZE }, .mode = mode,
	};
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd >= 0 && !ioctl(uffd, UFFDIO_API, &api) &&
	    !ioctl(uffd, UFFDIO_REGISTER, &range))
		return uffd;
	close(uffd);
	return -1;
}

static int protect(int uffd, const unsigned char *mem, bool on)
{
	struct uffdio_writeprotect range = {
		.range = { (unsigned long)mem, SIZE },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &range) ? errno : 0;
}

/* Access each page. The pages exist, or the process gets SIGBUS for each. */
static int touch_pages(void *arg)
{
	unsigned char *mem = arg;
	size_t at;
	int first;

	alarm(20);
	first = touch(mem);
	for (at = 0; at < SIZE; at += PAGE)
		if (touch(mem + at) != first)
			return 1;
	return first;
}

/*
 * Accesses by the program itself end. The kernel gives the program the page, but memory
 * of dma_alloc_coherent() behind an IOMMU may be refused.
 */
static void check_access(struct __test_metadata *_metadata, unsigned char *mem,
			 int fd)
{
	int sig = touch_pages(mem);

	alarm(0);
	if (sig && coherent_forced()) {
		EXPECT_EQ(SIGBUS, sig);
		return;
	}
	ASSERT_EQ(0, sig);
	fill(mem, SIZE, 0, 1);
	EXPECT_EQ(-1, mismatch(mem, SIZE, 0, 1));
	EXPECT_TRUE(file_holds(fd, SIZE, 1));
}

/* A system call that writes to one part of the mapping. */
static bool call(unsigned int nth, unsigned char *to)
{
	static unsigned char bytes[PAGE];
	struct iovec here = { to, PAGE }, there = { bytes, PAGE };
	int dir, pipes[2];
	ssize_t got = -1;

	switch (nth) {
	case 0:
		if (pipe(pipes) || write(pipes[1], bytes, 512) != 512)
			return false;
		got = read(pipes[0], to, 512);
		close(pipes[0]);
		close(pipes[1]);
		break;
	case 1:
		dir = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		got = syscall(SYS_getdents64, dir, to, PAGE);
		close(dir);
		break;
	case 2:
		got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
		break;
	case 3:
		got = syscall(SYS_uname, to) ? -1 : 1;
		break;
	}
	return got > 0 || errno == EFAULT;
}

/* Called in a child, which no signal can end if a call does not end. */
static int make_calls(void *arg)
{
	unsigned char *mem = arg;
	unsigned int i;

	for (i = 0; i < PARTS; i++)
		if (!call(i % 4, mem + i * PART + 3 * PAGE))
			return 1 + i;
	return 0;
}

static void check_touched(struct __test_metadata *_metadata,
			  unsigned char *mem, int fd)
{
	ASSERT_EQ(0, make_calls(mem));
	check_access(_metadata, mem, fd);
}

/* Markers in all entries, which were empty. */
TEST_F_TIMEOUT(markers, written_before_the_first_access, 60)
{
	self->uffd = watch(self->mem, WP_ASYNC | WP_UNPOPULATED,
			   UFFDIO_REGISTER_MODE_WP);
	if (self->uffd < 0)
		SKIP(return, "this kernel watches no such mapping");
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	check_access(_metadata, self->mem, self->fd);
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	check_access(_metadata, self->mem, self->fd);
}

/* The kernel itself meets the markers. After the test above, which SIGALRM can end. */
TEST_F_TIMEOUT(markers, calls_before_the_first_access, 60)
{
	self->uffd = watch(self->mem, WP_ASYNC | WP_UNPOPULATED,
			   UFFDIO_REGISTER_MODE_WP);
	if (self->uffd < 0)
		SKIP(return, "this kernel watches no such mapping");
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	check_touched(_metadata, self->mem, self->fd);
}

/* Entries that were in use become markers when the pages are dropped. */
TEST_F_TIMEOUT(markers, dropped, 60)
{
	self->uffd = watch(self->mem, WP_ASYNC, UFFDIO_REGISTER_MODE_WP);
	if (self->uffd < 0)
		SKIP(return, "this kernel watches no such mapping");
	touch_all(self->mem, SIZE);
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	madvise(self->mem, SIZE, MADV_DONTNEED);
	check_access(_metadata, self->mem, self->fd);
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	madvise(self->mem, SIZE, MADV_DONTNEED);
	check_touched(_metadata, self->mem, self->fd);
}

/* Markers that are left when nobody watches any more, or that were taken away. */
TEST_F_TIMEOUT(markers, left_behind, 60)
{
	self->uffd = watch(self->mem, WP_ASYNC | WP_UNPOPULATED,
			   UFFDIO_REGISTER_MODE_WP);
	if (self->uffd < 0)
		SKIP(return, "this kernel watches no such mapping");
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	ASSERT_EQ(0, protect(self->uffd, self->mem, false));
	EXPECT_EQ(0, touch(self->mem + PAGE));
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	close(self->uffd);
	self->uffd = -1;
	check_touched(_metadata, self->mem, self->fd);
}

/*
 * The program asks for huge pages again where the driver decided against them. The
 * access ends, with or without the page.
 */
TEST_F_TIMEOUT(markers, huge_pages_wanted_again, 60)
{
	int sig;

	if (madvise(self->mem, SIZE, MADV_HUGEPAGE))
		SKIP(return, "this kernel has no huge pages");
	self->uffd = watch(self->mem, WP_ASYNC | WP_UNPOPULATED,
			   UFFDIO_REGISTER_MODE_WP);
	if (self->uffd < 0)
		SKIP(return, "this kernel watches no such mapping");
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	ASSERT_EQ(0, make_calls(self->mem));
	sig = touch_pages(self->mem);
	alarm(0);
	EXPECT_TRUE(!sig || sig == SIGBUS);
}

/* The advice is refused, or a guard ends the access as it should. */
TEST_F_TIMEOUT(markers, guards, 60)
{
	if (!madvise(self->mem + MIB, PAGE, MADV_GUARD)) {
		EXPECT_EQ(SIGSEGV, touch(self->mem + MIB));
		EXPECT_EQ(0, madvise(self->mem + MIB, PAGE, MADV_UNGUARD));
	}
	check_touched(_metadata, self->mem, self->fd);
}

/* userfaultfd cannot wait for, or stop, accesses to this memory. */
TEST_F_TIMEOUT(markers, other_ways_to_watch, 60)
{
	static const __u64 modes[] = {
		UFFDIO_REGISTER_MODE_MISSING, UFFDIO_REGISTER_MODE_WP,
		UFFDIO_REGISTER_MODE_MINOR,
		UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++)
		EXPECT_EQ(-1, watch(self->mem, 0, modes[i]));
	EXPECT_EQ(-1, watch(self->mem, WP_ASYNC,
			    UFFDIO_REGISTER_MODE_MISSING |
			    UFFDIO_REGISTER_MODE_WP));
	check_touched(_metadata, self->mem, self->fd);
}

/* The kernel fills the page table before the first access, with markers and without. */
TEST_F_TIMEOUT(markers, populated, 60)
{
	madvise(self->mem, SIZE / 2, MADV_POPULATE_R);
	self->uffd = watch(self->mem, WP_ASYNC | WP_UNPOPULATED,
			   UFFDIO_REGISTER_MODE_WP);
	if (self->uffd >= 0)
		ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	madvise(self->mem, SIZE, MADV_POPULATE_W);
	check_touched(_metadata, self->mem, self->fd);
}

/* Locked or sealed before the first access. */
TEST_F_TIMEOUT(markers, locked, 60)
{
	syscall(SYS_mlock2, self->mem, SIZE, MLOCK_ONFAULT_);
	check_touched(_metadata, self->mem, self->fd);
	EXPECT_EQ(0, munlock(self->mem, SIZE));
}

/* A sealed mapping stays until its process ends. */
static int seal_and_use(void *arg)
{
	unsigned char *mem = arg;

	syscall(SYS_MSEAL, mem, SIZE, 0);
	return make_calls(mem) || touch_pages(mem);
}

TEST_F_TIMEOUT(markers, sealed, 60)
{
	EXPECT_EQ(0, in_child(seal_and_use, self->mem));
	check_touched(_metadata, self->mem, self->fd);
}

/* PAGEMAP_SCAN can protect the pages that it reports. */
TEST_F_TIMEOUT(markers, scanned, 60)
{
	struct scan scan = {
		.size = sizeof(scan), .flags = SCAN_WP,
		.start = (unsigned long)self->mem,
		.end = (unsigned long)self->mem + SIZE, .mask = SCAN_WRITTEN,
	};
	int err, pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	self->uffd = watch(self->mem, WP_ASYNC | WP_UNPOPULATED,
			   UFFDIO_REGISTER_MODE_WP);
	err = ioctl(pagemap, PAGEMAP_SCAN_, &scan);
	EXPECT_TRUE(err >= 0 || self->uffd < 0);
	check_touched(_metadata, self->mem, self->fd);
	ioctl(pagemap, PAGEMAP_SCAN_, &scan);
	check_touched(_metadata, self->mem, self->fd);
	close(pagemap);
}

/* Advice that another process could give before the first access. */
TEST_F_TIMEOUT(markers, advised, 60)
{
	static const int advice[] = {
		MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED, MADV_COLLAPSE_,
	};
	struct iovec range = { self->mem, SIZE };
	int self_fd = syscall(SYS_pidfd_open, getpid(), 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		syscall(SYS_process_madvise, self_fd, &range, 1, advice[i], 0);
		madvise(self->mem, SIZE, advice[i]);
	}
	close(self_fd);
	check_touched(_metadata, self->mem, self->fd);
}

/* A child has markers of its parent, or none. */
static int use_in_child(void *arg)
{
	return make_calls(arg) || touch_pages(arg);
}

TEST_F_TIMEOUT(markers, forked, 60)
{
	int sig;

	self->uffd = watch(self->mem, WP_ASYNC | WP_UNPOPULATED,
			   UFFDIO_REGISTER_MODE_WP);
	if (self->uffd < 0)
		SKIP(return, "this kernel watches no such mapping");
	ASSERT_EQ(0, protect(self->uffd, self->mem, true));
	sig = in_child(use_in_child, self->mem);
	EXPECT_EQ(0, sig);
	check_touched(_metadata, self->mem, self->fd);
}

TEST_HARNESS_MAIN
