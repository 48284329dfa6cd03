// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stress: mappings. All mappings are in the worker's arena of reserved addresses, so
 * that they never replace other memory of the process.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stress.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static int error(long ret)
{
	return ret < 0 ? errno : 0;
}

/* Mostly return an address that fits a huge page. */
static unsigned char *some_place(struct worker *worker, size_t length)
{
	size_t room = (ARENA_SIZE - length) / PAGE;
	size_t at = pick(worker, room) * PAGE;

	if (pick(worker, 2))
		at = at / HUGE_PAGE * HUGE_PAGE;
	return worker->arena + at;
}

static size_t some_length(struct worker *worker)
{
	switch (pick(worker, 4)) {
	case 0: return HUGE_PAGE * (1 + pick(worker, 3));
	case 1: return PAGE * (1 + pick(worker, 1200));
	case 2: return PAGE * (1 + pick(worker, 16));
	default: return PAGE;
	}
}

static int some_protection(struct worker *worker)
{
	return pick(worker, 2) ? PROT_READ | PROT_WRITE :
				 (int)pick(worker, 8);
}

static int map(struct worker *worker)
{
	static const int flags[] = {
		MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_SHARED_VALIDATE,
		MAP_PRIVATE, MAP_SHARED | MAP_POPULATE, MAP_SHARED | MAP_LOCKED,
		MAP_SHARED | MAP_NORESERVE, MAP_SHARED_VALIDATE | MAP_SYNC,
	};
	size_t length = some_length(worker);
	off_t offset = 0;
	void *mem;

	if (!pick(worker, 3))
		offset = pick(worker, 2200) * PAGE;
	if (!pick(worker, 20))
		offset = (off_t)pick(worker, ~0U) << (12 + pick(worker, 20));
	mem = mmap(some_place(worker, length), length, some_protection(worker),
		   MAP_FIXED | flags[pick(worker, ARRAY_SIZE(flags))],
		   *some_fd(worker), offset);
	return mem == MAP_FAILED ? errno : 0;
}

/* Unmap by reserving the addresses again, so that nothing else is mapped there. */
static int unmap(struct worker *worker)
{
	size_t length = some_length(worker);
	unsigned char *at = some_place(worker, length);

	return mmap(at, length, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1,
		    0) == MAP_FAILED ? errno : 0;
}

static int remap(struct worker *worker)
{
	size_t from = some_length(worker);
	size_t to = pick(worker, 2) ? from : some_length(worker);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	void *mem;

	if (pick(worker, 8) == 0) {
		flags |= MREMAP_DONTUNMAP;
		to = from;
	}
	if (pick(worker, 8) == 0)
		from = 0;	/* map the same again */
	mem = mremap(some_place(worker, from), from, to, flags,
		     some_place(worker, to));
	return mem == MAP_FAILED ? errno : 0;
}

static int protect(struct worker *worker)
{
	size_t length = some_length(worker);

	return error(mprotect(some_place(worker, length), length,
			      some_protection(worker)));
}

/* All advice up to MADV_COLLAPSE. Advice that breaks memory has a larger number. */
static int advise(struct worker *worker)
{
	size_t length = some_length(worker);

	return error(madvise(some_place(worker, length), length,
			     pick(worker, 26)));
}

static int lock(struct worker *worker)
{
	size_t length = some_length(worker);
	unsigned char *at = some_place(worker, length);

	if (pick(worker, 2))
		return error(munlock(at, length));
	return error(mlock2(at, length, pick(worker, 2)));
}

static int sync_some(struct worker *worker)
{
	size_t length = some_length(worker);
	unsigned char there[2048];
	unsigned char *at = some_place(worker, length);

	if (pick(worker, 2))
		return error(mincore(at, length, there));
	return error(msync(at, length, pick(worker, 8)));
}

/* Set policies, move pages to another node, and map pages in another order. */
static int policy(struct worker *worker)
{
	size_t length = some_length(worker);
	unsigned char *at = some_place(worker, length);
	unsigned long nodes = 1;
	void *page = at;
	int status, node = 0;

	switch (pick(worker, 4)) {
	case 0:
		return error(syscall(SYS_mbind, at, length, pick(worker, 6),
				     &nodes, 64UL, pick(worker, 8)));
	case 1:
		return error(syscall(SYS_move_pages, 0, 1UL, &page, &node,
				     &status, 2));
	case 2:
		return error(syscall(SYS_get_mempolicy, &node, NULL, 0UL, at,
				     3UL));
	default:
		return error(syscall(SYS_remap_file_pages, at, length, 0UL,
				     pick(worker, 64), 0));
	}
}

static sigjmp_buf back;
static volatile bool armed;

static void on_signal(int sig)
{
	if (!armed)
		_exit(100 + sig % 28);
	siglongjmp(back, sig);
}

/* Read and write at random addresses. Missing memory or permission is no error. */
static int touch_some(struct worker *worker)
{
	unsigned char *at = some_place(worker, HUGE_PAGE);
	struct sigaction action = { .sa_handler = on_signal };
	volatile unsigned int left = 1 + pick(worker, 16);
	volatile int met = 0;
	int sig;

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sig = sigsetjmp(back, 1);
	if (sig)
		met = EFAULT;
	armed = true;
	while (left) {
		volatile unsigned char *byte = at + pick(worker, HUGE_PAGE);

		left--;
		if (pick(worker, 2))
			*byte = left;
		else
			(void)*byte;
	}
	armed = false;
	return met;
}

/* Copy from or to any address of another worker or of this process. */
static int other_process(struct worker *worker)
{
	struct iovec mine = { some_pointer(worker), pick(worker, 64 * KIB) };
	struct iovec its = { some_pointer(worker), pick(worker, 64 * KIB) };
	pid_t pid = pick(worker, 2) ? getpid() :
		    worker->shared->pids[pick(worker, WORKERS)];

	if (pick(worker, 2))
		its.iov_base = some_place(worker, HUGE_PAGE);
	if (pick(worker, 3))
		return error(process_vm_readv(pid, &mine, 1, &its, 1, 0));
	mine.iov_base = worker->scratch;
	its.iov_base = some_place(worker, HUGE_PAGE);
	return error(process_vm_writev(pid, &mine, 1, &its, 1, 0));
}

const struct op memory_ops[] = {
	{ "mmap", 40, OFTEN, map },
	{ "munmap", 8, OFTEN, unmap },
	{ "mremap", 8, OFTEN, remap },
	{ "mprotect", 8, OFTEN, protect },
	{ "madvise", 12, OFTEN, advise },
	{ "mlock", 4, OFTEN, lock },
	{ "msync", 4, OFTEN, sync_some },
	{ "policies", 4, OFTEN, policy },
	{ "touch", 40, OFTEN, touch_some },
	{ "process_vm", 10, OFTEN, other_process },
	{ }
};
