// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures each step in the life of one piece of memory. Prints a line for each
 * figure, with way, size, round, name and value. Times are in nanoseconds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"

#define READS		1048576

/* Ordinary memory: source and destination of copies. */
static char *plain;

/* The current measurement, for emit(). */
static const struct way *way;
static unsigned int round_nr;
static size_t size;

static uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static uint64_t now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static void emit(const char *name, unsigned long long value)
{
	printf("%s\t%zu\t%u\t%s\t%llu\n", way->name, size, round_nr, name,
	       value);
}

/* Print the error that prevented a measurement in place of the figure. */
static void emit_error(const char *name, int err)
{
	printf("%s\t%zu\t%u\t%s\t%s\n", way->name, size, round_nr, name,
	       strerrorname_np(err));
}

/*
 * Place the ordinary memory away from multiples of 2 MiB, where all mappings
 * begin. A direct-mapped cache has one entry for two pages at the same offset, and
 * each page would evict the other. The emulator's TLB is such a cache.
 */
int measure_init(void)
{
	plain = aligned_alloc(HUGE, CHUNK + HUGE);
	if (!plain)
		return ENOMEM;
	madvise(plain, CHUNK + HUGE, MADV_HUGEPAGE);
	plain += 37 * PAGE;
	memset(plain, 0x5a, CHUNK);
	return 0;
}

static uint64_t touch(char *mem)
{
	uint64_t start = now();
	size_t at;

	for (at = 0; at < size; at += PAGE)
		*(volatile char *)(mem + at) = 1;
	return now() - start;
}

/* The second run measures the loop alone, without faults. */
static void measure_touch(char *mem)
{
	long before = faults();

	emit("touch", touch(mem));
	emit("faults", faults() - before);
	emit("loop", touch(mem));
}

static uint64_t copy_in(char *mem)
{
	uint64_t start = now();
	size_t at;

	for (at = 0; at < size; at += CHUNK)
		memcpy(mem + at, plain, CHUNK);
	return now() - start;
}

static uint64_t copy_out(char *mem)
{
	uint64_t start = now();
	size_t at;

	for (at = 0; at < size; at += CHUNK)
		memcpy(plain, mem + at, CHUNK);
	return now() - start;
}

static uint64_t read_randomly(char *mem)
{
	uint64_t mask = size / sizeof(uint64_t) - 1, state = 1, sum = 0;
	uint64_t start = now();
	unsigned long i;

	for (i = 0; i < READS; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		sum += ((volatile uint64_t *)mem)[state >> 32 & mask];
	}
	start = now() - start;
	if (sum == 1)
		printf("# a sum that cannot be, so that it is computed\n");
	return start;
}

/* Take the best of several passes: the first pass may find caches empty. */
static void measure_passes(const char *name, uint64_t (*pass)(char *mem),
			   char *mem)
{
	uint64_t best = UINT64_MAX, last;
	unsigned int i;

	for (i = 0; i < options.passes; i++) {
		last = pass(mem);
		if (last < best)
			best = last;
	}
	emit(name, best);
}

/* Make each page different from all other pages, now and earlier. */
static void stamp(char *mem, size_t length)
{
	static uint64_t serial;
	size_t at;

	for (at = 0; at < length; at += PAGE)
		*(uint64_t *)(mem + at) = ++serial;
}

static int to_disk(struct area *area, bool copy)
{
	if (copy)
		return disk_copy(area, size, plain, way->reads);
	return disk_write(area, size);
}

/* Measure the time of a write to the disk, and the processor time of it. */
static int measure_disk(struct area *area, bool copy)
{
	uint64_t start, busy;
	int err;

	stamp(area->mem, size);
	start = now();
	busy = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	err = to_disk(area, copy);
	busy = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - busy;
	start = now() - start;
	if (!err && !round_nr)
		err = disk_check(area->mem, size, plain);
	if (err) {
		emit_error(copy ? "bounced" : "direct", err);
		return !copy && err == EFAULT ? 0 : err;
	}
	emit(copy ? "bounced" : "direct", start);
	emit(copy ? "bounced-cpu" : "direct-cpu", busy);
	return 0;
}

/* Return an errno for an error, but 0 if the way cannot be used here. */
static int measure_use(struct area *area)
{
	int err;

	measure_touch(area->mem);
	measure_passes("random", read_randomly, area->mem);
	if (size > USE_MAX)
		return 0;
	measure_passes("copy-in", copy_in, area->mem);
	measure_passes("copy-out", copy_out, area->mem);
	if (!disk_there())
		return 0;
	err = measure_disk(area, false);
	return err ?: measure_disk(area, true);
}

static int measure_mapping(struct area *area)
{
	uint64_t start = now();
	int ret, err = way->map(area);

	if (err) {
		emit_error("mmap", err);
		return err;
	}
	emit("mmap", now() - start);
	ret = measure_use(area);
	start = now();
	way->unmap(area);
	emit("munmap", now() - start);
	return ret;
}

/* As with measure_use(), it is no error if the way cannot be used here. */
int measure(const struct way *which, size_t bytes, unsigned int nr)
{
	struct area area = { .size = bytes, .fd = -1 };
	uint64_t start;
	int err;

	way = which;
	size = bytes;
	round_nr = nr;
	area.reserved = place(size, way->where);
	start = now();
	err = way->make(&area);
	if (err) {
		emit_error("alloc", err);
		return 0;
	}
	emit("alloc", now() - start);
	err = measure_mapping(&area);
	start = now();
	way->drop(&area);
	emit("free", now() - start);
	return err;
}
