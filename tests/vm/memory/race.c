// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two cards search for large ranges at the same time, while memory is set offline and
 * online again. Needs two cards of 64 bits.
 */
#include <kselftest_harness.h>

#include <dirent.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "lib.h"
#include "lib-sync.h"

#define MEMORY_DIR	"/sys/devices/system/memory"
#define CONTIG_STEPS	PARAM_DIR "/contig_steps"	/* of the test build */
#define STEP_CLAIM	"4"
#define LASTS		12.0	/* seconds */
#define CARDS		2
#define STAMP		(256 * KIB)

FIXTURE(race) {
	struct card cards[CARDS];
	struct snapshot before[CARDS];
	double end;
};

FIXTURE_SETUP(race)
{
	int i;

	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	for (i = 0; i < CARDS; i++) {
		ASSERT_EQ(0, card_get(i, &self->cards[i]));
		ASSERT_EQ(0, card_write(&self->cards[i], "max_bytes", "1T"));
		snapshot(&self->cards[i], &self->before[i]);
	}
	self->end = seconds() + LASTS;
}

FIXTURE_TEARDOWN(race)
{
	int i;

	for (i = 0; i < CARDS; i++)
		EXPECT_EQ(0, card_reset(&self->cards[i]));
	for (i = 0; i < CARDS; i++)
		EXPECT_EQ(0, snapshot_changes(&self->cards[i],
					      &self->before[i]));
}

/* Write this card's marks to the whole buffer. The marks stay. */
static bool keeps_marks(struct buf *buf, __u64 mark)
{
	bool right = true;
	size_t at;

	for (at = 0; at < buf->size; at += STAMP) {
		right &= !*(__u64 *)(buf->mem + at);
		*(__u64 *)(buf->mem + at) = mark + at;
	}
	usleep(5000);
	for (at = 0; at < buf->size; at += STAMP)
		right &= *(__u64 *)(buf->mem + at) == mark + at;
	return right;
}

/*
 * Return 0 for success, 1 for a failed request, 2 for wrong memory, 3 for no buffer at
 * all.
 */
static int use_card(const struct card *card, int nth, double end)
{
	unsigned int round, made = 0;
	struct buf rx;

	for (round = 0; seconds() < end; round++) {
		size_t size = (16 + round * 56 % 208) * MIB;
		int err = buf_make(card, "alloc", size, "rx", &rx);
		bool right;

		if (err == ENOMEM)
			continue;
		if (err)
			return 1;
		right = keeps_marks(&rx, (__u64)(nth + 1) << 56 | round << 30);
		buf_put(&rx);
		if (!right || card_write(card, "free", "rx"))
			return 2;
		made++;
	}
	printf("# card %d: %u of %u\n", nth, made, round);
	fflush(stdout);
	return made ? 0 : 3;
}

static int is_block(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "memory", 6);
}

/* Return how many memory blocks went offline and online again. */
static int take_out(struct __test_metadata *_metadata, double end)
{
	struct dirent **found;
	int i, taken = 0;
	int count = scandir(MEMORY_DIR, &found, is_block, alphasort);

	ASSERT_LT(0, count);
	for (i = 0; seconds() < end; i = (i + 1) % count) {
		const char *state = pathf(MEMORY_DIR "/%s/state",
					  found[i]->d_name);

		if (attr_write(state, "offline"))
			continue;
		taken++;
		usleep(20000);
		EXPECT_EQ(0, attr_write(state, "online_kernel"));
	}
	return taken;
}

TEST_F_TIMEOUT(race, two_cards_and_hotplug, 120)
{
	pid_t pids[CARDS];
	int i, status;

	fflush(stdout);
	for (i = 0; i < CARDS; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(use_card(&self->cards[i], i, self->end));
	}
	TH_LOG("%d times memory was taken out",
	       take_out(_metadata, self->end - 2));
	for (i = 0; i < CARDS; i++) {
		EXPECT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

/* A memory block, by its directory. */
struct part {
	char state[128];
	__u64 first, frames;
};

static __u64 hex_of(const char *path)
{
	char text[64] = "";

	attr_read(path, text, sizeof(text));
	return strtoull(text, NULL, 16);
}

/*
 * Find a block that can go offline now, and keep it movable, so that the kernel
 * allocates nothing there that would stop it later.
 */
static int find_part(struct part *part)
{
	struct dirent **found;
	int i, count = scandir(MEMORY_DIR, &found, is_block, alphasort);
	int err = ENOENT;

	part->frames = hex_of(MEMORY_DIR "/block_size_bytes") / PAGE;
	for (i = 0; i < count && err; i++) {
		const char *dir = pathf(MEMORY_DIR "/%s", found[i]->d_name);

		snprintf(part->state, sizeof(part->state), "%s/state", dir);
		part->first = hex_of(pathf("%s/phys_index", dir)) *
			      part->frames;
		err = attr_write(part->state, "offline");
		if (!err)
			err = attr_write(part->state, "online_movable");
	}
	return err;
}

/* Hold a page of the block in a pipe, so that the page cannot move. */
static int hold_page(const struct part *part, int pipe_end)
{
	size_t at, size = mem_free() - 128 * MIB;
	struct iovec one = { .iov_len = PAGE };
	unsigned char *mem;
	int err = ENOENT;

	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (mem == MAP_FAILED)
		return errno;
	for (at = 0; at < size && err; at += PAGE) {
		__u64 frame = frame_of(mem + at);

		if (frame < part->first || frame >= part->first + part->frames)
			continue;
		one.iov_base = mem + at;
		err = vmsplice(pipe_end, &one, 1, 0) == PAGE ? 0 : errno;
	}
	munmap(mem, size);
	return err;
}

/* The offline runs as long as the page is held, or until it is killed. */
static pid_t start_taking(const struct part *part)
{
	double until = seconds() + 20;
	char state[32] = "";
	pid_t pid = fork();

	if (!pid)
		_exit(attr_write(part->state, "offline"));
	while (strcmp(state, "going-offline") && seconds() < until) {
		usleep(20000);
		attr_read(part->state, state, sizeof(state));
	}
	/*
	 * After the state has changed, the kernel isolates the block, and then calls the
	 * notifiers.
	 */
	sleep(1);
	return pid;
}

static bool is_going(const struct part *part)
{
	char state[32] = "";

	attr_read(part->state, state, sizeof(state));
	return !strcmp(state, "going-offline");
}

/*
 * While a block goes offline, no contiguous allocation starts. Afterwards one succeeds.
 */
TEST_F_TIMEOUT(race, no_search_while_memory_goes, 120)
{
	struct part part;
	char steps[32];
	int ends[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, find_part(&part));
	ASSERT_EQ(0, hold_page(&part, ends[1]));
	ASSERT_EQ(0, attr_read(CONTIG_STEPS, steps, sizeof(steps)));
	ASSERT_EQ(0, attr_write(CONTIG_STEPS, STEP_CLAIM));
	pid = start_taking(&part);
	ASSERT_LT(0, pid);
	EXPECT_EQ(ENOMEM, card_write(&self->cards[0], "alloc", "16M rx"));
	EXPECT_TRUE(is_going(&part));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, card_write(&self->cards[0], "alloc", "16M rx"));
	EXPECT_EQ(0, card_write(&self->cards[0], "free", "rx"));
	EXPECT_EQ(0, attr_write(CONTIG_STEPS, steps));
	close(ends[0]);
	close(ends[1]);
}

static int ask(void *arg)
{
	return card_write(arg, "alloc", "128M rx");
}

/*
 * While a search is held up, memory does not wait for it to go offline: it is refused, and
 * the search goes on. Afterwards the same memory goes offline.
 */
TEST_F_TIMEOUT(race, search_does_not_hold_memory_up, 120)
{
	struct beside asking;
	struct part part;
	char steps[32];
	double start;
	int err;

	ASSERT_EQ(0, find_part(&part));
	ASSERT_EQ(0, attr_read(CONTIG_STEPS, steps, sizeof(steps)));
	ASSERT_EQ(0, attr_write(CONTIG_STEPS, STEP_CLAIM));
	ASSERT_EQ(0, sync_point("slice", true));
	asking = begin(ask, &self->cards[0]);
	ASSERT_TRUE(sync_point_is_reached("slice"));
	start = seconds();
	err = attr_write(part.state, "offline");
	TH_LOG("refused after %.1f s", seconds() - start);
	EXPECT_EQ(EBUSY, err);
	EXPECT_GT(10, seconds() - start);
	EXPECT_EQ(0, sync_point("slice", false));
	EXPECT_EQ(0, result(&asking));
	EXPECT_EQ(0, card_write(&self->cards[0], "free", "rx"));
	EXPECT_EQ(0, attr_write(part.state, "offline"));
	EXPECT_EQ(0, attr_write(part.state, "online_movable"));
	EXPECT_EQ(0, attr_write(CONTIG_STEPS, steps));
}

TEST_HARNESS_MAIN
