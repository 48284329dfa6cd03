// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sync points: places where a test can make a task wait. Only in the test build.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "sync_point.h"

/* A test that died must not leave a task waiting for ever. */
#define LONGEST_WAIT_MS	30000

static const char * const names[] = {
	[PCIBUF_SYNC_FAULT] = "fault",
	[PCIBUF_SYNC_LOCKED] = "locked",
	[PCIBUF_SYNC_AROUND] = "around",
	[PCIBUF_SYNC_MMAP] = "mmap",
	[PCIBUF_SYNC_COPY] = "copy",
	[PCIBUF_SYNC_SLICE] = "slice",
	[PCIBUF_SYNC_ALLOC] = "alloc",
	[PCIBUF_SYNC_FREE] = "free",
	[PCIBUF_SYNC_RELEASE] = "release",
	[PCIBUF_SYNC_RELEASED] = "released",
};

static_assert(ARRAY_SIZE(names) == PCIBUF_NR_SYNC_POINTS);

enum { OPEN, CLOSED, REACHED };

/* A test writes OPEN or CLOSED; a task that waits writes REACHED. */
static u32 states[PCIBUF_NR_SYNC_POINTS];
static struct dentry *directory;

/**
 * pcibuf_sync_points_init() - make the files
 */
void pcibuf_sync_points_init(void)
{
	unsigned int i;

	directory = debugfs_create_dir("pcibuf", NULL);
	for (i = 0; i < PCIBUF_NR_SYNC_POINTS; i++)
		debugfs_create_u32(names[i], 0600, directory, &states[i]);
}

/**
 * pcibuf_sync_points_exit() - undo pcibuf_sync_points_init()
 */
void pcibuf_sync_points_exit(void)
{
	debugfs_remove_recursive(directory);
}

/* A task that waits here does not keep the machine awake. */
static void pause(void)
{
	static DECLARE_WAIT_QUEUE_HEAD(nobody);

	/* The freezer's signal may come between two pauses. */
	if (freezing(current))
		__refrigerator(false);
	else if (signal_pending(current))
		msleep(20);
	else
		wait_event_freezable_timeout(nobody, false,
					     msecs_to_jiffies(20));
}

/**
 * pcibuf_sync_point() - pass, or wait until the point is open
 * @point: sync point
 *
 * Sleeps for up to 30 s.
 */
void pcibuf_sync_point(enum pcibuf_sync_point point)
{
	unsigned int waited;

	/* A test may open the point just now: only a closed one is reached. */
	if (cmpxchg(&states[point], CLOSED, REACHED) == OPEN)
		return;
	for (waited = 0; waited < LONGEST_WAIT_MS; waited += 20) {
		if (READ_ONCE(states[point]) == OPEN)
			break;
		pause();
	}
}
