/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stress: workers with different rights do random things to two cards and their
 * buffers. See stress.c.
 */
#ifndef PCIBUF_TESTS_STRESS_H
#define PCIBUF_TESTS_STRESS_H

#include <stdbool.h>

#include "lib.h"

#define WORKERS		6
#define CARDS		2
#define FDS		8
#define MAX_OPS		64

#define ARENA_SIZE	(32 * MIB)	/* reserved for mappings */
#define SCRATCH_SIZE	(64 * KIB)

enum role { ROOT, MEMBER, OUTSIDER };

/**
 * struct shared - memory that all workers share
 * @cards: the cards of two slots, which stay the same when the cards change
 * @end: the time to stop
 * @seed: the seed of all random numbers
 * @group: the process group of the workers and their children
 * @pids: the pids of the workers, 0 for none
 * @tries: how often each operation was tried
 * @good: how often each operation succeeded
 * @wrong: the number of errors
 */
struct shared {
	struct card cards[CARDS];
	double end;
	__u64 seed;
	pid_t group;
	pid_t pids[WORKERS];
	unsigned long tries[MAX_OPS];
	unsigned long good[MAX_OPS];
	unsigned int wrong;
};

/**
 * struct worker - one process
 * @fds: open nodes and ends of pipes, -1 for none
 * @arena: reserved addresses, which contain the mappings of buffers
 * @scratch: memory of the worker alone
 * @border: end of accessible memory: the page behind it is mapped without access
 * @racy: a page whose mapping another thread replaces all the time
 */
struct worker {
	struct shared *shared;
	unsigned int nr;
	enum role role;
	__u64 random;
	int fds[FDS];
	unsigned char *arena;
	unsigned char *scratch;
	unsigned char *border;
	unsigned char *racy;
};

/*
 * An operation of a worker. run() returns 0 or an errno, and succeeds at least once in
 * so many tries.
 */
struct op {
	const char *name;
	unsigned int weight;
	unsigned int tries;
	int (*run)(struct worker *worker);
};

#define OFTEN	150	/* for one that succeeds in 1 of 10 or 20 */
#define SELDOM	1000

/* stress.c */
unsigned int pick(struct worker *worker, unsigned int below);
void wrong(struct worker *worker, const char *what);
const struct card *some_card(struct worker *worker);
const char *some_name(struct worker *worker);
void *some_pointer(struct worker *worker);
int *some_fd(struct worker *worker);
void run_some(struct worker *worker, unsigned int count);

/* stress-files.c: attributes, and calls on nodes */
extern const struct op file_ops[];

/* stress-memory.c: mappings */
extern const struct op memory_ops[];

/* stress-cards.c: processes, cards, and the hand that plugs cards */
extern const struct op card_ops[];
void hand(struct shared *shared);

/* stress-leaks.c: memory and objects in use, before and after */
#define CACHES	32

struct figures {
	__u64 memory;
	__u64 objects[CACHES];
};

void take_figures(struct figures *figures);
int compare_figures(const struct figures *before);
int leaks_found(void);

#endif /* PCIBUF_TESTS_STRESS_H */
