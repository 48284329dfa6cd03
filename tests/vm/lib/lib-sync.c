// SPDX-License-Identifier: GPL-2.0-only
/*
 * One side waits at a sync point of the module (sync_point.c) until the other side
 * arrives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib-sync.h"
#include "lib.h"

#define POINTS	"/sys/kernel/debug/pcibuf/"

int sync_point(const char *name, bool closed)
{
	return attr_write(pathf(POINTS "%s", name), closed ? "1" : "0");
}

/* Wait until a task stands at a closed sync point. */
bool sync_point_is_reached(const char *name)
{
	double end = seconds() + 20;

	while (attr_u64(pathf(POINTS "%s", name)) != 2)
		if (seconds() > end)
			return false;
	return true;
}

struct beside begin(int (*fn)(void *arg), void *arg)
{
	struct beside beside;
	int ends[2];

	if (pipe(ends))
		exit(1);
	fflush(stdout);
	beside.pid = fork();
	if (!beside.pid) {
		int result = fn(arg);

		_exit(write(ends[1], &result, sizeof(result)) < 0);
	}
	close(ends[1]);
	beside.result = ends[0];
	return beside;
}

bool is_done(const struct beside *beside)
{
	siginfo_t info = { };

	waitid(P_PID, beside->pid, &info, WEXITED | WNOWAIT | WNOHANG);
	return info.si_pid;
}

/* Return what the function returned, or -1. */
int result(const struct beside *beside)
{
	int result = -1, status;

	if (read(beside->result, &result, sizeof(result)) != sizeof(result))
		result = -1;
	close(beside->result);
	waitpid(beside->pid, &status, 0);
	return result;
}
