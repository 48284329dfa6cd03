// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and threads that share a mapping: they lock it, inherit it, use it at the
 * same time, and are killed at work.
 */
#include "lib-mapped.h"

#include <pthread.h>
#include <signal.h>

#define HOPS	3	/* rounds of racing processes */

static int locked(__u64 *bytes)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	int found = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "VmLck:", 6) && ++found)
			*bytes = strtoull(line + 6, NULL, 10) * KIB;
	if (file)
		fclose(file);
	return found;
}

struct held {
	const struct place *place;
	int fd;
};

/* Run in a process of its own, because mlockall makes all of its memory resident. */
static int lock_everything(void *arg)
{
	const struct held *held = arg;
	const struct place *place = held->place;
	__u64 bytes;

	if (mlockall(MCL_CURRENT) || munlockall() ||
	    mlockall(MCL_CURRENT | MCL_FUTURE))
		return 1;
	if (mmap(place->mem, place->size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, held->fd, 0) != place->mem)
		return 2;
	if (mismatch(place->mem, place->size, 0, 2) != -1)
		return 3;
	fill(place->mem, place->size, 0, 3);
	if (munlockall() || !locked(&bytes))
		return 4;
	return bytes ? 5 : 0;
}

/* Pages of a buffer are always resident: mlock has nothing to do, and VmLck stays 0. */
TEST_F_TIMEOUT(mapped, mlock, 60)
{
	struct held held = { &self->place, self->fd };
	unsigned char *mem = self->mem;
	__u64 bytes;

	EXPECT_EQ(0, mlock(mem, variant->size));
	EXPECT_EQ(0, mlock2(mem + PAGE, 2 * PAGE, MLOCK_ONFAULT));
	EXPECT_EQ(0, munlock(mem + MIB, 2 * PAGE));
	check_works(_metadata, &self->place, self->fd, 1);
	EXPECT_EQ(0, in_child(lock_everything, &held));
	check_works(_metadata, &self->place, self->fd, 3);
	EXPECT_EQ(0, munlock(mem, variant->size));
	ASSERT_EQ(1, locked(&bytes));
	EXPECT_EQ(0, bytes);
}

static int use_and_leave(void *arg)
{
	const struct place *place = arg;

	if (mismatch(place->mem, place->size, 0, 1) != -1)
		return 1;
	if (munmap(place->mem + MIB, PAGE))
		return 2;
	fill(place->mem, MIB, 0, 2);
	return 0;
}

static int fork_again(void *arg)
{
	const struct place *place = arg;

	madvise(place->mem, 2 * MIB, MADV_DONTNEED);
	return in_child(use_and_leave, arg);
}

TEST_F_TIMEOUT(mapped, fork, 60)
{
	ASSERT_EQ(0, in_child(use_and_leave, &self->place));
	EXPECT_EQ(-1, mismatch(self->mem, MIB, 0, 2));
	fill(self->mem, MIB, 0, 1);
	EXPECT_EQ(-1, mismatch(self->mem, variant->size, 0, 1));
	ASSERT_EQ(0, in_child(fork_again, &self->place));
	EXPECT_EQ(-1, mismatch(self->mem, MIB, 0, 2));
}

static void cut_and_mend(const struct place *place, int fd)
{
	size_t at = rand() % (place->size / PAGE) * PAGE;
	size_t length = (rand() % 600 + 1) * PAGE;

	if (length > place->size - at)
		length = place->size - at;
	switch (rand() % 4) {
	case 0:
		madvise(place->mem + at, length, MADV_DONTNEED);
		break;
	case 1:
		mprotect(place->mem + at, length, PROT_READ);
		mprotect(place->mem + at, length, PROT_READ | PROT_WRITE);
		break;
	case 2:
		mmap(place->mem + at, length, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, fd, at);
		break;
	default:
		touch(place->mem + at);
	}
}

/* Kill a process in the middle of its work. */
TEST_F_TIMEOUT(mapped, killed_at_work, 120)
{
	int round, status;
	pid_t pid;

	for (round = 0; round < 10; round++) {
		pid = fork();
		srand(round);
		while (!pid)
			cut_and_mend(&self->place, self->fd);
		usleep(20000 + 3000 * round);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_EQ(SIGKILL, WTERMSIG(status));
	}
	check_works(_metadata, &self->place, self->fd, 1);
}

/* Threads write at the same time, each to its half of every page. */
static void *write_halves(void *arg)
{
	const struct place *place = arg;
	int round;
	size_t at;

	for (round = 0; round < HOPS; round++) {
		for (at = place->size; at; at -= PAGE)
			fill(place->mem + at - PAGE, PAGE / 2, at - PAGE, 1);
		madvise(place->mem, place->size, MADV_DONTNEED);
	}
	return NULL;
}

TEST_F_TIMEOUT(mapped, threads, 120)
{
	pthread_t thread;
	int round;
	size_t at;

	ASSERT_EQ(0, pthread_create(&thread, NULL, write_halves,
				    &self->place));
	for (round = 0; round < HOPS; round++) {
		for (at = 0; at < variant->size; at += PAGE)
			fill(self->mem + at + PAGE / 2, PAGE / 2,
			     at + PAGE / 2, 1);
		madvise(self->mem + PAGE, HUGE_PAGE, MADV_DONTNEED);
	}
	EXPECT_EQ(0, pthread_join(thread, NULL));
	check_holds(_metadata, &self->place, self->fd, 1);
}

TEST_HARNESS_MAIN
