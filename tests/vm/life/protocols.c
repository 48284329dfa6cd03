// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races of faults, mappings, calls and requests with the end of a buffer. Each race is
 * tried at the critical point: the test build has sync points there, at which one side
 * waits until the other side arrives.
 */
#include <kselftest_harness.h>

#include <signal.h>

#include "lib-sync.h"
#include "lib-scene.h"

#define SIZE		SCENE_SIZE
#define A_WHILE		300000	/* us, in which a task that does not wait is done */

FIXTURE(protocols) {
	struct card card;
	struct snapshot before;
	struct hold hold;
};

FIXTURE_SETUP(protocols)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "%lu rx", SIZE));
	ASSERT_EQ(0, hold_open(&self->hold, &self->card, O_RDWR));
	ASSERT_EQ(0, hold_map(&self->hold));
	hold_stamp(&self->hold);
}

FIXTURE_TEARDOWN(protocols)
{
	EXPECT_EQ(0, hold_drop(&self->hold));
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static int revoke_rx(void *arg)
{
	return card_write(arg, "revoke", "rx");
}

static int free_rx(void *arg)
{
	return card_write(arg, "free", "rx");
}

static int unbind(void *arg)
{
	return card_unbind(arg);
}

/* The first touch may be in time. The second is not: revoke is over by then. */
struct touches {
	unsigned char *mem;
	int again;	/* a pipe: when to touch again */
};

static int touch_twice(void *arg)
{
	struct touches *touches = arg;
	int first = touch(touches->mem);
	char byte;

	if (read(touches->again, &byte, 1) != 1)
		return -1;
	return first << 8 | touch(touches->mem);
}

/*
 * A fault stands at the sync point @where while the buffer is revoked. With @waits, the
 * revoke waits for the fault.
 */
static void check_fault(struct __test_metadata *_metadata,
			const struct card *card, unsigned char *mem,
			const char *where, bool waits)
{
	struct beside toucher, revoker;
	struct touches touches = { .mem = mem };
	int ends[2], signals;

	ASSERT_EQ(0, pipe(ends));
	touches.again = ends[0];
	ASSERT_EQ(0, sync_point(where, true));
	toucher = begin(touch_twice, &touches);
	ASSERT_TRUE(sync_point_is_reached(where));
	revoker = begin(revoke_rx, (void *)card);
	if (waits)
		usleep(A_WHILE);
	else
		EXPECT_EQ(0, result(&revoker));
	if (waits)
		EXPECT_FALSE(is_done(&revoker));
	ASSERT_EQ(0, sync_point(where, false));
	if (waits)
		EXPECT_EQ(0, result(&revoker));
	ASSERT_EQ(1, write(ends[1], "", 1));
	signals = result(&toucher);
	EXPECT_EQ(SIGBUS, signals & 0xff);
	if (!waits)
		EXPECT_EQ(SIGBUS, signals >> 8);
	close(ends[0]);
	close(ends[1]);
}

/* Return an address that no process has touched yet. */
static unsigned char *untouched(struct hold *hold, struct place *place)
{
	madvise(hold->large.mem, SIZE, MADV_DONTNEED);
	madvise(hold->small.mem, SIZE, MADV_DONTNEED);
	return place->mem + HUGE_PAGE;
}

#define SKIP_COHERENT(statement)					\
	do {								\
		if (coherent_forced())					\
			SKIP(statement, "coherent memory is mapped by mmap"); \
	} while (0)

/* The fault finds the buffer alive. The buffer dies before the page is locked. */
TEST_F_TIMEOUT(protocols, fault_that_finds_it_dead, 60)
{
	SKIP_COHERENT(return);
	check_fault(_metadata, &self->card,
		    untouched(&self->hold, &self->hold.large), "fault", false);
}

/* The fault has the page and has not mapped it: revoke must wait for the page. */
TEST_F_TIMEOUT(protocols, fault_that_was_in_time, 60)
{
	SKIP_COHERENT(return);
	check_fault(_metadata, &self->card,
		    untouched(&self->hold, &self->hold.large), "locked", true);
}

TEST_F_TIMEOUT(protocols, fault_of_a_window, 60)
{
	SKIP_COHERENT(return);
	check_fault(_metadata, &self->card,
		    untouched(&self->hold, &self->hold.small), "around", true);
}

struct mapping {
	int fd;
	int again;
};

static int map_and_touch(void *arg)
{
	struct mapping *mapping = arg;
	unsigned char *mem = buf_map(mapping->fd, SIZE, 0);
	char byte;

	if (mem == MAP_FAILED || read(mapping->again, &byte, 1) != 1)
		return -1;
	return touch(mem);
}

/*
 * Revoke cannot find the new area yet. With coherent memory, mmap has filled the area,
 * and revoke waits. With pages, nothing is mapped, and nothing will be mapped.
 */
TEST_F_TIMEOUT(protocols, mmap_that_was_in_time, 60)
{
	struct mapping mapping = { .fd = self->hold.fd };
	struct beside mapper, revoker;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	mapping.again = ends[0];
	ASSERT_EQ(0, sync_point("mmap", true));
	mapper = begin(map_and_touch, &mapping);
	ASSERT_TRUE(sync_point_is_reached("mmap"));
	revoker = begin(revoke_rx, &self->card);
	if (coherent_forced()) {
		usleep(A_WHILE);
		EXPECT_FALSE(is_done(&revoker));
	} else {
		EXPECT_EQ(0, result(&revoker));
	}
	ASSERT_EQ(0, sync_point("mmap", false));
	if (coherent_forced())
		EXPECT_EQ(0, result(&revoker));
	ASSERT_EQ(1, write(ends[1], "", 1));
	EXPECT_EQ(SIGBUS, result(&mapper));
	close(ends[0]);
	close(ends[1]);
}

static int read_stamp(void *arg)
{
	int *fd = arg;
	__u64 page[PAGE / 8];

	if (pread(*fd, page, PAGE, HUGE_PAGE) != (ssize_t)PAGE)
		return errno;
	return stamp_mismatch(page, PAGE, HUGE_PAGE) == -1 ? 0 : -1;
}

/* The reader copies the buffer's data, even after all other memory was allocated. */
TEST_F_TIMEOUT(protocols, read_of_pages, 60)
{
	struct beside reader;
	unsigned char *marks;
	size_t size;

	SKIP_COHERENT(return);
	ASSERT_EQ(0, sync_point("copy", true));
	reader = begin(read_stamp, &self->hold.fd);
	ASSERT_TRUE(sync_point_is_reached("copy"));
	/* The test build waits here for a while, because the reader holds a page. */
	EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
	marks = take_all_memory(&size);
	ASSERT_NE(MAP_FAILED, marks);
	ASSERT_EQ(0, sync_point("copy", false));
	EXPECT_EQ(0, result(&reader));
	munmap(marks, size);
}

/* Coherent memory has no reference counts, so revoke waits for the reader. */
TEST_F_TIMEOUT(protocols, read_of_coherent, 60)
{
	struct beside reader, revoker;

	if (!coherent_forced())
		SKIP(return, "pages are copied without a lock");
	ASSERT_EQ(0, sync_point("copy", true));
	reader = begin(read_stamp, &self->hold.fd);
	ASSERT_TRUE(sync_point_is_reached("copy"));
	revoker = begin(revoke_rx, &self->card);
	usleep(A_WHILE);
	EXPECT_FALSE(is_done(&revoker));
	ASSERT_EQ(0, sync_point("copy", false));
	EXPECT_EQ(0, result(&reader));
	EXPECT_EQ(0, result(&revoker));
}

static int allocate(void *arg)
{
	return card_write(arg, "alloc_sg", "1M new");
}

/* A request under way counts as a buffer: the mask must not change. */
TEST_F_TIMEOUT(protocols, mask_of_a_request_under_way, 60)
{
	struct beside requester;

	EXPECT_EQ(0, hold_drop(&self->hold));
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	ASSERT_EQ(0, sync_point("alloc", true));
	requester = begin(allocate, &self->card);
	ASSERT_TRUE(sync_point_is_reached("alloc"));
	EXPECT_EQ(EBUSY, card_write(&self->card, "dma_mask_bits", "32"));
	ASSERT_EQ(0, sync_point("alloc", false));
	EXPECT_EQ(0, result(&requester));
	EXPECT_EQ(EBUSY, card_write(&self->card, "dma_mask_bits", "32"));
	EXPECT_EQ(0, card_write(&self->card, "free", "new"));
	EXPECT_EQ(0, card_write(&self->card, "dma_mask_bits", "32"));
}

/* Wait until another process stops the card. */
static bool is_stopped(const struct card *card)
{
	double end = seconds() + 20;

	while (card_is_master(card)) {
		if (seconds() > end)
			return false;
		usleep(10000);
	}
	return true;
}

/*
 * A request is under way when the card is unbound. The unbind stops the card, and then
 * waits for the request.
 */
static void check_request(struct __test_metadata *_metadata,
			  struct card *card, int (*request)(void *arg),
			  const char *where, int error)
{
	struct beside requester, unbinder;

	ASSERT_EQ(0, sync_point(where, true));
	requester = begin(request, card);
	ASSERT_TRUE(sync_point_is_reached(where));
	unbinder = begin(unbind, card);
	EXPECT_TRUE(is_stopped(card));
	usleep(A_WHILE);
	EXPECT_FALSE(is_done(&unbinder));
	ASSERT_EQ(0, sync_point(where, false));
	EXPECT_EQ(error, result(&requester));
	EXPECT_EQ(0, result(&unbinder));
	EXPECT_EQ(-1, access(card_attr(card, ""), F_OK));
}

TEST_F_TIMEOUT(protocols, alloc_under_way, 60)
{
	check_request(_metadata, &self->card, allocate, "alloc", ENODEV);
}

TEST_F_TIMEOUT(protocols, revoke_under_way, 60)
{
	check_request(_metadata, &self->card, revoke_rx, "free", 0);
}

TEST_F_TIMEOUT(protocols, free_under_way, 60)
{
	EXPECT_EQ(0, hold_drop(&self->hold));
	check_request(_metadata, &self->card, free_rx, "free", 0);
}

/*
 * Free, revoke and unbind all clear bus mastering before they release the first page.
 * Without an IOMMU, the first page is a quarantined one.
 */
static void check_stopped(struct __test_metadata *_metadata,
			  struct card *card, int (*ending)(void *arg))
{
	struct beside ender;

	ASSERT_EQ(0, card_write(card, "alloc", "64K parked"));
	ASSERT_EQ(0, card_write(card, "free", "parked"));
	ASSERT_EQ(1, card_is_master(card));
	ASSERT_EQ(0, sync_point("release", true));
	ender = begin(ending, card);
	ASSERT_TRUE(sync_point_is_reached("release"));
	EXPECT_EQ(0, card_is_master(card));
	ASSERT_EQ(0, sync_point("release", false));
	EXPECT_EQ(0, result(&ender));
}

TEST_F_TIMEOUT(protocols, stopped_before_free, 60)
{
	EXPECT_EQ(0, hold_drop(&self->hold));
	check_stopped(_metadata, &self->card, free_rx);
}

TEST_F_TIMEOUT(protocols, stopped_before_revoke, 60)
{
	check_stopped(_metadata, &self->card, revoke_rx);
}

/*
 * A new buffer turns bus mastering on only after the old memory was released, unless an
 * IOMMU keeps the card from the old memory.
 */
TEST_F_TIMEOUT(protocols, stopped_until_released, 60)
{
	struct beside freer, allocator;

	EXPECT_EQ(0, hold_drop(&self->hold));
	ASSERT_EQ(0, sync_point("release", true));
	freer = begin(free_rx, &self->card);
	ASSERT_TRUE(sync_point_is_reached("release"));
	allocator = begin(allocate, &self->card);
	usleep(A_WHILE);
	EXPECT_EQ(iommu_translates(), card_is_master(&self->card));
	ASSERT_EQ(0, sync_point("release", false));
	EXPECT_EQ(0, result(&freer));
	EXPECT_EQ(0, result(&allocator));
	EXPECT_EQ(1, card_is_master(&self->card));
}

/* Use more than one buffer, so that the last buffer is not what stops the card. */
TEST_F_TIMEOUT(protocols, stopped_before_unbind, 60)
{
	ASSERT_EQ(0, card_write(&self->card, "alloc", "64K other"));
	check_stopped(_metadata, &self->card, unbind);
}

TEST_HARNESS_MAIN
