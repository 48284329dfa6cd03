// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gates: points where a test can make others wait. Only in a debug build.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/delay.h>

#include "sync_point.h"

/* A test that died must not leave anybody waiting for ever. */
#define LONGEST_WAIT_MS	30000

static const char * const names[PCIBUF_NR_GATES] = {
	[PCIBUF_GATE_FAULT] = "fault",
	[PCIBUF_GATE_LOCKED] = "locked",
	[PCIBUF_GATE_WINDOW] = "window",
	[PCIBUF_GATE_MMAP] = "mmap",
	[PCIBUF_GATE_COPY] = "copy",
	[PCIBUF_GATE_ALLOC] = "alloc",
	[PCIBUF_GATE_FREE] = "free",
	[PCIBUF_GATE_RELEASE] = "release",
	[PCIBUF_GATE_RELEASED] = "released",
};

enum { OPEN, CLOSED, REACHED };

/* What a test writes, and that somebody stands there. */
static u32 states[PCIBUF_NR_GATES];
static struct dentry *directory;

/**
 * pcibuf_gates_init() - make the files
 */
void pcibuf_gates_init(void)
{
	unsigned int i;

	directory = debugfs_create_dir("pcibuf", NULL);
	for (i = 0; i < PCIBUF_NR_GATES; i++)
		debugfs_create_u32(names[i], 0600, directory, &states[i]);
}

/**
 * pcibuf_gates_exit() - undo pcibuf_gates_init()
 */
void pcibuf_gates_exit(void)
{
	debugfs_remove_recursive(directory);
}

/**
 * pcibuf_gate() - go through, or wait until it is open
 * @gate: which one
 */
void pcibuf_gate(enum pcibuf_gate gate)
{
	unsigned int waited;

	/* Only where it is still closed: a test may open it just now. */
	if (cmpxchg(&states[gate], CLOSED, REACHED) == OPEN)
		return;
	for (waited = 0; waited < LONGEST_WAIT_MS; waited += 20) {
		if (READ_ONCE(states[gate]) == OPEN)
			break;
		msleep(20);
	}
}
