// SPDX-License-Identifier: GPL-2.0-only
/*
 * Others soon get the pages of a buffer that is gone. No old mapping of the buffer may
 * show or change these pages. In each round a buffer ends in one of many ways, and the
 * next users of memory mark the memory they get. The test counts how many of these pages
 * had been the buffer's, because a round without such pages shows nothing. Needs two
 * cards of 64 bits, a small guest, and not the test build, which waits for pages that
 * are held.
 *
 * REUSE_ROUNDS and REUSE_SEED may be given as kernel arguments.
 */
#include <kselftest_harness.h>

#include <sys/uio.h>
#include <time.h>

#include "lib.h"

#define ROUNDS		250
#define FULL_EVERY	125	/* rounds between markings of all memory */
#define HELD		16	/* buffers that are gone and still held */
#define MAX_SIZE	(5 * MIB)
#define MORE		(256 * KIB)	/* marked beyond the buffer's size */
#define FRAMES		0x100000
#define PRESENT		0x8000000000000000ULL	/* in pagemap */
#define FRAME		0x007fffffffffffffULL

enum ending { FREE, REVOKE, UNBIND, UNMAP_AND_REVOKE, EXIT, ENDINGS };

/* What remains of a buffer: a mapping, a descriptor, a page in a pipe. */
struct hold {
	struct buf buf;
	struct place place;
	bool mapped;
	int pipe[2];
	size_t page;	/* of the buffer, in the pipe */
	__u32 seed;
};

FIXTURE(reuse) {
	struct card card;
	struct card other;
	struct snapshot before;
	struct hold holds[HELD];
	__u64 random;
	unsigned int rounds;
	unsigned int with_reuse;	/* rounds */
	unsigned long freed, reused;	/* pages */
};

static bool was_ours[FRAMES];
static int pagemap;

static __u64 number(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static unsigned int any(struct _test_data_reuse *self, unsigned int below)
{
	self->random = self->random * 6364136223846793005ULL + 1;
	return (self->random >> 33) % below;
}

FIXTURE_SETUP(reuse)
{
	int i;

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_get(1, &self->other));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, card_write(&self->other, "dma_mask_bits", "64"));
	self->rounds = number("REUSE_ROUNDS", ROUNDS);
	self->random = number("REUSE_SEED", time(NULL));
	TH_LOG("%u rounds, REUSE_SEED=%llu", self->rounds, self->random);
	for (i = 0; i < HELD; i++)
		self->holds[i].pipe[0] = -1;
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, pagemap);
	shrink_caches();
	snapshot(&self->card, &self->before);
}

/* Call @use for the frame of each page of a mapping. */
static void each_frame(const void *mem, size_t size, void (*use)(__u64 frame))
{
	static __u64 entries[MAX_SIZE / PAGE + FRAMES / 64];
	size_t i, nr = size / PAGE;

	if (pread(pagemap, entries, nr * sizeof(*entries),
		  (unsigned long)mem / PAGE * sizeof(*entries)) < 0)
		return;
	for (i = 0; i < nr; i++)
		if (entries[i] & PRESENT && (entries[i] & FRAME) < FRAMES)
			use(entries[i] & FRAME);
}

static unsigned int counted;

static void note_ours(__u64 frame)
{
	counted += !was_ours[frame];
	was_ours[frame] = true;
}

/* Count each frame once, in whatever memory it is found. */
static void count_ours(__u64 frame)
{
	counted += was_ours[frame];
	was_ours[frame] = false;
}

static __u64 stamp(__u32 seed, size_t page)
{
	return (__u64)(seed + 1) << 32 | page;
}

static void put_stamps(unsigned char *mem, size_t size, __u32 seed)
{
	size_t at;

	for (at = 0; at < size; at += PAGE) {
		*(__u64 *)(mem + at) = stamp(seed, at / PAGE);
		*(__u64 *)(mem + at + PAGE - 8) = stamp(seed, at / PAGE);
	}
}

static void make(struct __test_metadata *_metadata,
		 struct _test_data_reuse *self, struct hold *hold, __u32 seed)
{
	static const size_t sizes[] = {
		PAGE, 3 * PAGE, 64 * KIB, 256 * KIB + PAGE, HUGE_PAGE,
		HUGE_PAGE + 3 * PAGE, MAX_SIZE,
	};
	size_t size = sizes[any(self, ARRAY_SIZE(sizes))];
	const char *how = any(self, 2) ? "alloc" : "alloc_sg";
	struct iovec one = { .iov_len = PAGE };

	ASSERT_EQ(0, buf_make(&self->card, how, size, "rx", &hold->buf));
	ASSERT_EQ(0, place_map(&hold->place, hold->buf.fd, size,
			       any(self, 2) * 3 * PAGE, 0));
	hold->mapped = true;
	hold->seed = seed;
	put_stamps(hold->place.mem, size, seed);
	if (any(self, 4))
		return;
	hold->page = any(self, size / PAGE);
	one.iov_base = hold->place.mem + hold->page * PAGE;
	ASSERT_EQ(0, pipe2(hold->pipe, O_NONBLOCK));
	ASSERT_EQ((ssize_t)PAGE, vmsplice(hold->pipe[1], &one, 1, 0));
}

static void unmap(struct hold *hold)
{
	if (!hold->mapped)
		return;
	place_drop(&hold->place);
	buf_put(&hold->buf);
	hold->mapped = false;
}

/* The page in the pipe still has the data of the old buffer. */
static void check_pipe(struct __test_metadata *_metadata, struct hold *hold)
{
	__u64 words[PAGE / 8];

	if (hold->pipe[0] < 0)
		return;
	ASSERT_EQ((ssize_t)PAGE, read(hold->pipe[0], words, PAGE));
	EXPECT_EQ(stamp(hold->seed, hold->page), words[0]);
	EXPECT_EQ(stamp(hold->seed, hold->page), words[PAGE / 8 - 1]);
	close(hold->pipe[0]);
	close(hold->pipe[1]);
	hold->pipe[0] = -1;
}

FIXTURE_TEARDOWN(reuse)
{
	int i;

	for (i = 0; i < HELD; i++) {
		check_pipe(_metadata, &self->holds[i]);
		unmap(&self->holds[i]);
	}
	close(pagemap);
	EXPECT_EQ(0, card_reset(&self->other));
	EXPECT_EQ(0, card_reset(&self->card));
	shrink_caches();
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* The last process with a mapping is a child, which exits. */
static void exit_with_it(struct __test_metadata *_metadata,
			 struct _test_data_reuse *self, struct hold *hold)
{
	double until = seconds() + 30;
	pid_t pid = fork();
	int err, status;

	if (!pid)
		_exit(touch(hold->place.mem));
	unmap(hold);
	if (any(self, 2))
		kill(pid, SIGKILL);
	do {
		err = card_write(&self->card, "free", "rx");
	} while (err == EBUSY && seconds() < until);
	EXPECT_EQ(0, err);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(ended_well(status));
}

/* Unmap, but keep the addresses reserved, so that nothing else is mapped there. */
static void close_off(void *mem, size_t size)
{
	if (size)
		mmap(mem, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		     MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static void end_it(struct __test_metadata *_metadata,
		   struct _test_data_reuse *self, struct hold *hold)
{
	enum ending ending = any(self, ENDINGS);

	if (ending == EXIT) {
		exit_with_it(_metadata, self, hold);
		return;
	}
	if (ending == FREE)
		unmap(hold);
	if (ending == UNMAP_AND_REVOKE) {
		close_off(hold->place.mem, hold->place.size / PAGE / 2 * PAGE);
		close_off(hold->buf.mem, hold->buf.size);
	}
	if (ending == UNBIND) {
		ASSERT_EQ(0, card_unbind(&self->card));
		ASSERT_EQ(0, card_bind(&self->card));
		ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	} else {
		ASSERT_EQ(0, card_write(&self->card,
					ending == FREE ? "free" : "revoke",
					"rx"));
	}
}

/* The last page and random pages of a mapping raise SIGBUS, unless they are unmapped. */
static void check_mapping(struct __test_metadata *_metadata,
			  struct _test_data_reuse *self, struct hold *hold,
			  unsigned int pages)
{
	size_t at = hold->place.size - PAGE;

	if (!hold->mapped)
		return;
	do {
		int sig = touch(hold->place.mem + at);

		EXPECT_TRUE(sig == SIGBUS || (sig == SIGSEGV && at <
					      hold->place.size / 2)) {
			TH_LOG("seed %u, at %#zx: %d", hold->seed, at, sig);
		}
		at = any(self, hold->place.size / PAGE) * PAGE;
	} while (pages--);
}

static void check_holds(struct __test_metadata *_metadata,
			struct _test_data_reuse *self)
{
	int i;

	for (i = 0; i < HELD; i++)
		check_mapping(_metadata, self, &self->holds[i], 1);
}

/* Mark memory of a process: huge pages if possible. */
static unsigned char *mark_anonymous(size_t size)
{
	unsigned char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem != MAP_FAILED)
		memset(mem, TAKEN, size);
	return mem;
}

/* Mark memory of another buffer, of this card or the other. */
static void mark_buffer(struct __test_metadata *_metadata,
			const struct card *card, size_t size, struct buf *buf)
{
	ASSERT_EQ(0, buf_make(card, "alloc_sg", size, "marks", buf));
	EXPECT_EQ(-1, nonzero(buf->mem, PAGE));
	memset(buf->mem, TAKEN, size);
	each_frame(buf->mem, size, count_ours);
}

static void check_marks(struct __test_metadata *_metadata,
			struct _test_data_reuse *self, struct hold *hold,
			const struct card *card)
{
	size_t size = hold->buf.size + MORE, room = size + 2 * HUGE_PAGE;
	unsigned char *marks;
	struct buf buf;

	counted = 0;
	mark_buffer(_metadata, card, size, &buf);
	marks = mark_anonymous(room);
	ASSERT_NE(MAP_FAILED, marks);
	each_frame(marks, room, count_ours);
	check_mapping(_metadata, self, hold, 16);
	check_holds(_metadata, self);
	EXPECT_TRUE(all_marks(buf.mem, size));
	EXPECT_TRUE(all_marks(marks, room));
	munmap(marks, room);
	buf_put(&buf);
	ASSERT_EQ(0, card_write(card, "free", "marks"));
	self->reused += counted;
	self->with_reuse += counted > 0;
}

/* Sometimes mark all memory. */
static void check_all_memory(struct __test_metadata *_metadata,
			     struct _test_data_reuse *self)
{
	size_t size;
	unsigned char *marks = take_all_memory(&size);

	ASSERT_NE(MAP_FAILED, marks);
	check_holds(_metadata, self);
	EXPECT_TRUE(all_marks(marks, size));
	munmap(marks, size);
}

/* If the card has another buffer, it keeps the memory, and its next buffer uses it. */
static void round_of(struct __test_metadata *_metadata,
		     struct _test_data_reuse *self, unsigned int nr)
{
	struct hold *hold = &self->holds[nr % HELD];
	bool kept = !any(self, 4);

	check_pipe(_metadata, hold);
	unmap(hold);
	if (kept)
		ASSERT_EQ(0, card_write(&self->card, "alloc", "4K kept"));
	make(_metadata, self, hold, nr);
	counted = 0;
	memset(was_ours, 0, sizeof(was_ours));
	each_frame(hold->place.mem, hold->place.size, note_ours);
	self->freed += counted;
	end_it(_metadata, self, hold);
	check_marks(_metadata, self, hold, kept ? &self->card : &self->other);
	if (nr % FULL_EVERY == FULL_EVERY - 1)
		check_all_memory(_metadata, self);
	ASSERT_EQ(0, card_revoke_all(&self->card));
}

TEST_F_TIMEOUT(reuse, never_seen_through_an_old_mapping, 3600)
{
	unsigned int nr;

	for (nr = 0; nr < self->rounds; nr++)
		round_of(_metadata, self, nr);
	TH_LOG("%lu of %lu pages were used again, in %u of %u rounds",
	       self->reused, self->freed, self->with_reuse, self->rounds);
	/*
	 * A kernel that keeps freed memory in order to check it does not reuse all of
	 * it at once.
	 */
	EXPECT_LE(self->rounds * (slowness() == 1 ? 8 : 6) / 10, self->with_reuse);
	EXPECT_LE(self->freed / 2, self->reused);
}

TEST_HARNESS_MAIN
