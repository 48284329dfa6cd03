/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two tables: states in which a buffer is in use (lib-states.c), and events that can
 * happen to its card meanwhile (lib-events.c). Each event meets each state. Functions
 * that check return the number of errors and print each error.
 */
#ifndef PCIBUF_TESTS_LIB_SCENE_H
#define PCIBUF_TESTS_LIB_SCENE_H

#include "lib.h"

#define SCENE_SIZE	(4 * MIB)	/* the largest that every backing can allocate */
#define SCENE_BUFFER	"rx"

/* The result of an event. Each one takes away more than the one before it. */
enum outcome {
	KEPT,		/* nothing changes */
	REVOKED,	/* the buffers are gone, */
	CARD_GONE,	/* and the card's sysfs files too */
};

/* What one process holds of the buffer. */
struct hold {
	int fd;			/* -1: none */
	struct place large;	/* where huge pages fit, */
	struct place small;	/* and out of step; room NULL: neither */
};

/* A process that uses the buffer too. */
struct helper {
	pid_t pid;
	int socket;
};

struct scene {
	const struct card *card;
	struct snapshot before;
	char node[64];
	struct hold own;
	struct helper helpers[2];
	unsigned int nr_helpers;
	int pipe[2];
	int ends[2];		/* of a connection */
	struct uring ring;
};

/* The work of a helper until it is asked for its result. */
struct job {
	int (*start)(struct scene *scene);
	int (*step)(struct scene *scene, unsigned int nth);
	int (*check)(struct scene *scene, enum outcome outcome);
	enum outcome ended_by;	/* from this outcome on step fails */
	int error;		/* with this errno or signal */
};

/* One state. begin() returns 0 or an errno. */
struct state {
	const char *name;
	bool held;		/* a file is open all the time */
	bool pinned;		/* pages outlive the buffer */
	bool busy;		/* other buffers come and go */
	const char *(*cannot)(void);
	int (*begin)(struct scene *scene);
	int (*check)(struct scene *scene, enum outcome outcome);
	int (*end)(struct scene *scene);
};

/* One event. happen() and undo() return 0 or an errno. */
struct event {
	const char *name;
	enum outcome outcome;
	int held_error;		/* refused with this errno while a file is open */
	const char *(*cannot)(const struct card *card);
	int (*happen)(const struct card *card);
	int (*undo)(const struct card *card);
};

/* lib-hold.c */
int differs(const char *what, long wanted, long is);
int hold_open(struct hold *hold, const struct card *card, int flags);
int hold_map(struct hold *hold);
void hold_stamp(struct hold *hold);
ssize_t stamp_mismatch(const void *mem, size_t length, size_t offset);
int hold_check(const struct hold *hold, enum outcome outcome);
int hold_drop(struct hold *hold);

/* lib-helper.c */
int helper_start(struct scene *scene, const struct job *job);
int helpers_check(struct scene *scene, enum outcome outcome);
int helpers_end(struct scene *scene);

/* lib-states.c, lib-busy.c */
extern const struct state *const states[];
extern const struct state state_dma, state_allocating, state_freeing;
const struct state *state_find(const char *name);

/* lib-scene.c: one event in one state */
int scene_look(struct scene *scene, enum outcome outcome);
int scene_drop(struct scene *scene);
int scene_begin(struct scene *scene, const struct state *state,
		const struct card *card);
int scene_check(struct scene *scene, const struct state *state,
		enum outcome outcome);
int scene_leave(struct scene *scene, const struct state *state,
		enum outcome outcome);
int scene_end(struct scene *scene, const struct state *state,
	      enum outcome outcome);

/* lib-cards.c: all states at once, each with a card of its own */
#define MAX_SCENES	16

unsigned int scenes_count(void);
const char *scene_name(unsigned int nth);
const char *scene_cannot(unsigned int nth);
int scenes_begin(void);
int scene_check_kept(unsigned int nth);
void scenes_cost(__u64 bytes);
int scene_end_kept(unsigned int nth);

/* lib-events.c */
const struct event *event_find(const char *name);

#endif /* PCIBUF_TESTS_LIB_SCENE_H */
