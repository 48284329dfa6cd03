// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random work by everybody: root, members of the group and an outsider, in several
 * processes at once. They write nonsense, call with bad pointers, map, advise, fork,
 * kill, bind, unbind and pull the card out. Nobody gets access without the right,
 * nothing is left, and the runner finds no message in the kernel's log. Needs two cards.
 *
 * Kernel arguments: STRESS_SECONDS is the duration. STRESS_SEED repeats a run, as far as
 * several processes can repeat their work.
 */
#include <kselftest_harness.h>

#include <grp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "stress.h"

#define SECONDS		40
#define WARM_UP		4	/* for memory that the kernel caches at first use */

static const struct op *const lists[] = { file_ops, memory_ops, card_ops };

/* The operations of all lists, and the sum of their weights. */
static struct op ops[MAX_OPS];
static unsigned int nr_ops, all_weights;

static const enum role roles[WORKERS] = {
	ROOT, ROOT, MEMBER, MEMBER, MEMBER, OUTSIDER,
};

unsigned int pick(struct worker *worker, unsigned int below)
{
	worker->random = worker->random * 6364136223846793005ULL +
			 1442695040888963407ULL;
	return below ? (worker->random >> 33) % below : 0;
}

void wrong(struct worker *worker, const char *what)
{
	printf("# worker %u: %s\n", worker->nr, what);
	fflush(stdout);
	__atomic_fetch_add(&worker->shared->wrong, 1, __ATOMIC_RELAXED);
}

const struct card *some_card(struct worker *worker)
{
	return &worker->shared->cards[pick(worker, CARDS)];
}

/* Labels, indexes, and invalid names. */
const char *some_name(struct worker *worker)
{
	static const char * const names[] = {
		"a", "b", "c", "d", "rx", "tx", "a", "b", "c", "d", "0", "1",
		"2", "pcibuf0", "pcibuf7", "..", "no-such",
	};

	return names[pick(worker, ARRAY_SIZE(names))];
}

void *some_pointer(struct worker *worker)
{
	switch (pick(worker, 16)) {
	case 0: return NULL;
	case 1: return (void *)0xffff888000001000;
	case 2: return (void *)0x8000000000000008;
	case 3: return (void *)-8L;
	case 4: return worker->border - pick(worker, 100);
	case 5: return worker->border;
	case 6:
	case 7: return worker->arena + pick(worker, ARENA_SIZE);
	case 8: return worker->racy + pick(worker, PAGE);
	default: return worker->scratch + pick(worker, SCRATCH_SIZE / 8);
	}
}

/* Return a descriptor, which is probably open. */
int *some_fd(struct worker *worker)
{
	unsigned int tries = 4;
	int *fd;

	do {
		fd = &worker->fds[pick(worker, FDS)];
	} while (*fd < 0 && --tries);
	return fd;
}

static void collect_ops(void)
{
	const struct op *op;
	size_t i;

	nr_ops = 0;
	all_weights = 0;
	for (i = 0; i < ARRAY_SIZE(lists); i++)
		for (op = lists[i]; op->name && nr_ops < MAX_OPS; op++) {
			ops[nr_ops++] = *op;
			all_weights += op->weight;
		}
}

static unsigned int some_op(struct worker *worker)
{
	unsigned int nr = 0, at = pick(worker, all_weights);

	while (at >= ops[nr].weight)
		at -= ops[nr++].weight;
	return nr;
}

void run_some(struct worker *worker, unsigned int count)
{
	struct shared *shared = worker->shared;

	while (count--) {
		unsigned int nr = some_op(worker);
		int err = ops[nr].run(worker);

		__atomic_fetch_add(&shared->tries[nr], 1, __ATOMIC_RELAXED);
		if (!err)
			__atomic_fetch_add(&shared->good[nr], 1,
					   __ATOMIC_RELAXED);
	}
}

/* The page is there, read-only, unreadable, replaced, and so on. */
static void *race(void *page)
{
	static const int protections[] = {
		PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
	};
	unsigned int i;

	for (i = 0; ; i++) {
		mmap(page, PAGE, protections[i % 3],
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		usleep(100);
		mprotect(page, PAGE, protections[(i + 1) % 3]);
		usleep(100);
	}
	return NULL;
}

static void *reserve(size_t size, int protection)
{
	void *mem = mmap(NULL, size, protection,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED)
		_exit(90);
	return mem;
}

static void set_up(struct worker *worker)
{
	unsigned char *arena = reserve(ARENA_SIZE + HUGE_PAGE, PROT_NONE);
	pthread_t thread;
	int i;

	worker->arena = (void *)(((unsigned long)arena + HUGE_PAGE - 1) &
				 -HUGE_PAGE);
	worker->scratch = reserve(SCRATCH_SIZE * 2, PROT_READ | PROT_WRITE);
	worker->border = (unsigned char *)reserve(2 * PAGE, PROT_NONE) + PAGE;
	mprotect(worker->border - PAGE, PAGE, PROT_READ | PROT_WRITE);
	worker->racy = reserve(PAGE, PROT_READ);
	for (i = 0; i < FDS; i++)
		worker->fds[i] = -1;
	if (pthread_create(&thread, NULL, race, worker->racy))
		_exit(91);
}

static void become(enum role role)
{
	static const struct {
		uid_t uid;
		gid_t group;
	} users[] = {
		[ROOT] = { 0, 0 },
		[MEMBER] = { UID_ALICE, GID_PCIBUF },
		[OUTSIDER] = { UID_BOB, UID_BOB },
	};
	gid_t own = users[role].uid;

	if (setgroups(1, &users[role].group) || setresgid(own, own, own) ||
	    setresuid(own, own, own))
		_exit(92);
}

/* Never returns. The children of a worker exit on their own. */
static void work(struct shared *shared, unsigned int nr, unsigned int life)
{
	struct worker worker = {
		.shared = shared,
		.nr = nr,
		.role = roles[nr],
		.random = shared->seed * 1000003 + nr * 7919 + life,
	};

	setpgid(0, shared->group);
	signal(SIGPIPE, SIG_IGN);
	become(worker.role);
	set_up(&worker);
	while (seconds() < shared->end)
		run_some(&worker, 20);
	_exit(0);
}

/* Only the parent stores the pid: the child's value would be 0. */
static void start(struct shared *shared, unsigned int nr, unsigned int life)
{
	pid_t pid = fork();

	if (!pid)
		work(shared, nr, life);
	shared->pids[nr] = pid;
}

/* A killed worker is no error. A new worker replaces a worker that has ended. */
static void reap(struct shared *shared, unsigned int *lives, int flags)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, flags)) > 0) {
		if (!ended_well(status)) {
			printf("# %d ended with status %#x\n", pid, status);
			shared->wrong++;
		}
		for (int i = 0; lives && i < WORKERS; i++)
			if (pid == shared->pids[i])
				start(shared, i, ++lives[i]);
	}
}

static pid_t start_group(void)
{
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	setpgid(pid, pid);
	return pid;
}

/* Run everything for @duration. No process of the run is left after it. */
static void run_for(struct shared *shared, double duration)
{
	unsigned int lives[WORKERS] = { };
	pid_t hand_pid;
	int i;

	fflush(stdout);
	shared->end = seconds() + duration;
	shared->group = start_group();
	hand_pid = fork();
	if (!hand_pid)
		hand(shared);
	for (i = 0; i < WORKERS; i++)
		start(shared, i, 0);
	while (seconds() < shared->end) {
		reap(shared, lives, WNOHANG);
		usleep(20000);
	}
	kill(-shared->group, SIGKILL);
	memset(shared->pids, 0, sizeof(shared->pids));
	reap(shared, NULL, 0);
}

FIXTURE(stress) {
	struct shared *shared;
	double duration;
};

static __u64 number(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void reset_cards(struct __test_metadata *_metadata,
			struct shared *shared)
{
	int i;

	ASSERT_EQ(0, attr_write(MAX_TOTAL, "256M"));
	for (i = 0; i < CARDS; i++) {
		ASSERT_EQ(0, card_get(i, &shared->cards[i]));
		EXPECT_EQ(0, attr_u64(card_attr(&shared->cards[i],
						"allocated_bytes")));
		ASSERT_EQ(0, card_write(&shared->cards[i], "gid", "%d",
					GID_PCIBUF));
	}
}

FIXTURE_SETUP(stress)
{
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
	self->duration = number("STRESS_SECONDS", SECONDS);
	self->shared->seed = number("STRESS_SEED", time(NULL) % 1000000);
	TH_LOG("%.0f s, STRESS_SEED=%llu", self->duration, self->shared->seed);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	collect_ops();
	reset_cards(_metadata, self->shared);
}

FIXTURE_TEARDOWN(stress)
{
	reset_cards(_metadata, self->shared);
}

/* An operation that never succeeds in many tries tests nothing. */
static void report(struct __test_metadata *_metadata, struct shared *shared)
{
	unsigned int i;

	for (i = 0; i < nr_ops; i++) {
		TH_LOG("%s: %lu times, %lu of them worked", ops[i].name,
		       shared->tries[i], shared->good[i]);
		EXPECT_TRUE(shared->good[i] ||
			    shared->tries[i] < ops[i].tries);
	}
}

TEST_F_TIMEOUT(stress, nothing_is_left, 100000)
{
	struct figures before;

	run_for(self->shared, WARM_UP);
	reset_cards(_metadata, self->shared);
	take_figures(&before);
	memset(self->shared->tries, 0, sizeof(self->shared->tries));
	memset(self->shared->good, 0, sizeof(self->shared->good));
	run_for(self->shared, self->duration);
	reset_cards(_metadata, self->shared);
	EXPECT_EQ(0, compare_figures(&before));
	EXPECT_EQ(0, leaks_found());
	EXPECT_EQ(0, self->shared->wrong);
	report(_metadata, self->shared);
}

TEST_HARNESS_MAIN
