// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make allocations fail in the calling task alone: one allocation, or all allocations
 * after a given amount. Needs a kernel with CONFIG_FAILSLAB, CONFIG_FAIL_PAGE_ALLOC and
 * their files in debugfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

#define SLAB_DIR	"/sys/kernel/debug/failslab"
#define PAGE_DIR	"/sys/kernel/debug/fail_page_alloc"

/* FAIL_ONE: the number of the allocation to fail, and the count of allocations. */
static unsigned int wanted, passed;

/*
 * Open all the time, so that nothing is allocated between arming a failure and the call.
 */
static int nth_fd = -1, task_fd = -1;

static const struct setting {
	const char *path;
	const char *value;
} settings[] = {
	{ SLAB_DIR "/ignore-gfp-wait", "N" },
	{ SLAB_DIR "/task-filter", "Y" },
	{ SLAB_DIR "/probability", "0" },
	/* Do not log the failures that a test asked for. */
	{ SLAB_DIR "/verbose", "0" },
	{ PAGE_DIR "/ignore-gfp-wait", "N" },
	{ PAGE_DIR "/ignore-gfp-highmem", "N" },
	{ PAGE_DIR "/min-order", "0" },
	{ PAGE_DIR "/task-filter", "Y" },
	{ PAGE_DIR "/probability", "0" },
	{ PAGE_DIR "/verbose", "0" },
};

int fail_open(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		int err = attr_write(settings[i].path, settings[i].value);

		if (err)
			return err;
	}
	nth_fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	task_fd = open("/proc/self/make-it-fail", O_RDWR | O_CLOEXEC);
	return nth_fd < 0 || task_fd < 0 ? errno : 0;
}

void fail_close(void)
{
	close(nth_fd);
	close(task_fd);
}

static void put_number(int fd, unsigned int number)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", number);

	if (pwrite(fd, text, len, 0) != len)
		abort();
}

static unsigned int get_number(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		abort();
	return strtoul(text, NULL, 10);
}

static const char *dir_of(enum failing what)
{
	return what == FAIL_SLABS ? SLAB_DIR : PAGE_DIR;
}

/*
 * FAIL_ONE: the nth allocation from here on fails, counted from 1. Otherwise all
 * allocations fail after n pages, or after n bytes of small objects.
 */
void fail_begin(enum failing what, unsigned int n)
{
	const char *dir = dir_of(what);
	char space[16];

	if (what == FAIL_ONE) {
		wanted = n;
		put_number(nth_fd, n);
		return;
	}
	snprintf(space, sizeof(space), "%u", n);
	if (attr_write(pathf("%s/space", dir), space) ||
	    attr_write(pathf("%s/times", dir), "1000000") ||
	    attr_write(pathf("%s/probability", dir), "100"))
		abort();
	put_number(task_fd, 1);
}

/* Undo fail_begin(). Return the number of failed allocations. */
unsigned int fail_end(enum failing what)
{
	unsigned int left;

	if (what == FAIL_ONE) {
		left = get_number(nth_fd);
		put_number(nth_fd, 0);
		passed = wanted - left;
		return !left;
	}
	put_number(task_fd, 0);
	left = attr_u64(pathf("%s/times", dir_of(what)));
	if (attr_write(pathf("%s/probability", dir_of(what)), "0"))
		abort();
	return 1000000 - left;
}

/* Return the number of allocations, including the failed one. */
unsigned int fail_passed(void)
{
	return passed;
}
