/* SPDX-License-Identifier: GPL-2.0-only */
/* Sync points of the test build, and functions to run while a task waits at one. */
#ifndef PCIBUF_TESTS_LIB_SYNC_H
#define PCIBUF_TESTS_LIB_SYNC_H

#include <stdbool.h>
#include <sys/types.h>

int sync_point(const char *name, bool closed);
bool sync_point_is_reached(const char *name);

/* Another process that calls one function. */
struct beside {
	pid_t pid;
	int result;	/* a pipe */
};

struct beside begin(int (*fn)(void *arg), void *arg);
bool is_done(const struct beside *beside);
int result(const struct beside *beside);

#endif /* PCIBUF_TESTS_LIB_SYNC_H */
