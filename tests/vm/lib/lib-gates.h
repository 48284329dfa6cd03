/* SPDX-License-Identifier: GPL-2.0-only */
/* Gates of the debug build, and what is done beside while somebody stands there. */
#ifndef PCIBUF_TESTS_LIB_GATES_H
#define PCIBUF_TESTS_LIB_GATES_H

#include <stdbool.h>
#include <sys/types.h>

int gate(const char *name, bool closed);
bool gate_is_reached(const char *name);

/* Another process that calls one function. */
struct beside {
	pid_t pid;
	int result;	/* a pipe */
};

struct beside begin(int (*fn)(void *arg), void *arg);
bool is_done(const struct beside *beside);
int result(const struct beside *beside);

#endif /* PCIBUF_TESTS_LIB_GATES_H */
