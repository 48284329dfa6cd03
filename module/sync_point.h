/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sync points, in the test build only: places in the code where a task waits as long as
 * a test keeps the point closed. So a test can try what must not come in between. Each
 * point is a file in debugfs, pcibuf/NAME: 1 closes it, 0 opens it, and it reads 2 once
 * a task waits there.
 */
#ifndef PCIBUF_SYNC_POINT_H
#define PCIBUF_SYNC_POINT_H

/**
 * enum pcibuf_sync_point - where a task can be made to wait
 * @PCIBUF_SYNC_FAULT: a fault found the buffer alive, and has not locked the page
 * @PCIBUF_SYNC_LOCKED: a fault has locked the page, which is not mapped yet
 * @PCIBUF_SYNC_AROUND: a fault found the buffer alive, and has mapped nothing
 * @PCIBUF_SYNC_MMAP: ->mmap is done, but nobody can find the area yet
 * @PCIBUF_SYNC_COPY: a read or write has looked up the memory, and not copied yet
 * @PCIBUF_SYNC_SLICE: a contiguous allocation has a slice of its range, and the
 *	contiguous allocation lock
 * @PCIBUF_SYNC_ALLOC: a buffer has its memory, but is not registered yet
 * @PCIBUF_SYNC_FREE: a buffer is dead, but still has its memory
 * @PCIBUF_SYNC_RELEASE: memory is about to go back to the system
 * @PCIBUF_SYNC_RELEASED: memory has gone back to the system
 * @PCIBUF_NR_SYNC_POINTS: how many there are
 */
enum pcibuf_sync_point {
	PCIBUF_SYNC_FAULT,
	PCIBUF_SYNC_LOCKED,
	PCIBUF_SYNC_AROUND,
	PCIBUF_SYNC_MMAP,
	PCIBUF_SYNC_COPY,
	PCIBUF_SYNC_SLICE,
	PCIBUF_SYNC_ALLOC,
	PCIBUF_SYNC_FREE,
	PCIBUF_SYNC_RELEASE,
	PCIBUF_SYNC_RELEASED,
	PCIBUF_NR_SYNC_POINTS
};

#ifdef CONFIG_PCIBUF_TEST
void pcibuf_sync_points_init(void);
void pcibuf_sync_points_exit(void);
void pcibuf_sync_point(enum pcibuf_sync_point point);
#else
static inline void pcibuf_sync_points_init(void) { }
static inline void pcibuf_sync_points_exit(void) { }
static inline void pcibuf_sync_point(enum pcibuf_sync_point point) { }
#endif

#endif /* PCIBUF_SYNC_POINT_H */
