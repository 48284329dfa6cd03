// SPDX-License-Identifier: GPL-2.0-only
/*
 * This is a measurement, not a test: how often the driver finds contiguous memory, and
 * the time it takes, by the size and by the used part of the memory. Before each request
 * the rest is fragmented again. At the end, the time that it takes to kill a request, and
 * to unbind its card, in the midst of a contiguous allocation. Prints tables;
 * `make bench-contiguous` runs it.
 *
 * Kernel arguments: LEVELS are percents, SIZES are MiB, TRIES is how often each is
 * tried, MIDST is the size in MiB of the requests that are ended. Each has a default.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib.h"

#define MAX_TRIES	16
#define MAX_NUMBERS	16
#define STRIDE		16
#define CACHE		(768 * MIB)	/* at most, because the disk is not larger */

/* Numbers of a kernel argument. */
struct numbers {
	unsigned int nr;
	unsigned int of[MAX_NUMBERS];
};

static struct numbers levels, sizes, tries, midst;

static struct pile piles[] = {
	{ LOAD_TMPFS "/file", 0, 1, 0 },
	{ LOAD_CACHE "/file", 0, 2, 0 },
	{ LOAD_TMPFS "/comb", 0, 3, 0 },
};

static struct cell {
	unsigned int made;
	double took[MAX_TRIES];
} cells[MAX_NUMBERS][MAX_NUMBERS];

static void take_numbers(struct numbers *numbers, const char *name,
			 const char *otherwise)
{
	const char *text = getenv(name) ?: otherwise;
	char *end;

	for (; numbers->nr < MAX_NUMBERS && *text; text = *end ? end + 1 : end)
		numbers->of[numbers->nr++] = strtoul(text, &end, 10);
}

static void need(int err, const char *what)
{
	if (!err)
		return;
	printf("Bail out! %s: %d\n", what, err);
	exit(1);
}

/* Three fifths of the load, or more, are memory that cannot be reclaimed. */
static void load(unsigned int percent)
{
	__u64 bytes = mem_total() / 100 * percent;

	unlink(piles[0].path);
	unlink(piles[1].path);
	piles[1].size = bytes / 5 * 2 / MIB * MIB;
	if (piles[1].size > CACHE)
		piles[1].size = CACHE;
	piles[0].size = (bytes - piles[1].size) / MIB * MIB;
	need(pile_make(&piles[0]), "tmpfs");
	need(pile_make(&piles[1]), "ext4");
}

/* What stays free while the rest is filled: the kernel keeps more of a larger memory. */
static __u64 leave(void)
{
	return 96 * MIB + mem_total() / 64;
}

static void attempt(const struct card *card, unsigned int mib,
		    struct cell *cell)
{
	double start;

	need(load_comb(&piles[2], leave(), STRIDE), "comb");
	start = seconds();
	if (!card_write(card, "alloc", "%uM rx", mib)) {
		cell->took[cell->made++] = seconds() - start;
		need(card_write(card, "free", "rx"), "free");
	}
	need(unlink(piles[2].path), "unlink");
}

static void measure(const struct card *card)
{
	unsigned int level, size, i;

	for (level = 0; level < levels.nr; level++) {
		load(levels.of[level]);
		for (size = 0; size < sizes.nr; size++)
			for (i = 0; i < tries.of[0]; i++)
				attempt(card, sizes.of[size],
					&cells[level][size]);
		need(pile_mismatch(&piles[0]) != -1, "tmpfs changed");
		need(pile_mismatch(&piles[1]) != -1, "ext4 changed");
	}
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void print_cell(struct cell *cell)
{
	printf(" %u of %u", cell->made, tries.of[0]);
	qsort(cell->took, cell->made, sizeof(*cell->took), by_size);
	if (cell->made)
		printf(", %.0f ms", cell->took[cell->made / 2] * 1000);
	printf(" |");
}

static void print_table(void)
{
	unsigned int level, size;

	printf("# | size |");
	for (level = 0; level < levels.nr; level++)
		printf(" %u %% taken |", levels.of[level]);
	printf("\n# |---|");
	for (level = 0; level < levels.nr; level++)
		printf("---|");
	for (size = 0; size < sizes.nr; size++) {
		printf("\n# | %u MiB |", sizes.of[size]);
		for (level = 0; level < levels.nr; level++)
			print_cell(&cells[level][size]);
	}
	printf("\n");
}

/* Return the time from the end of a request, after @after seconds, to free memory. */
static double end_request(const struct card *card, unsigned int mib,
			  double after, bool kill_it)
{
	__u64 before = mem_available();
	double start;
	pid_t pid = fork();

	if (!pid)
		_exit(card_write(card, "alloc", "%uM rx", mib));
	usleep(after * 1e6);
	start = seconds();
	if (kill_it)
		kill(pid, SIGKILL);
	else
		need(card_unbind(card), "unbind");
	waitpid(pid, NULL, 0);
	if (kill_it)
		card_write(card, "revoke", "rx");
	while (mem_available() + 64 * MIB < before && seconds() < start + 60)
		usleep(1000);
	return seconds() - start;
}

/* The times are in the midst of a request that takes @took seconds. */
static void print_ends(struct card *card, unsigned int mib, double took)
{
	int quarter;

	for (quarter = 1; quarter < 4; quarter++) {
		double after = took * quarter / 4;
		double killed = end_request(card, mib, after, true);
		double unbound = end_request(card, mib, after, false);

		printf("# | %.1f s | %.2f s | %.2f s |\n", after, killed,
		       unbound);
		need(card_get(0, card), "card");
		need(card_write(card, "max_bytes", "1T"), "max_bytes");
	}
}

static void measure_midst(struct card *card, unsigned int mib)
{
	double start, took;
	int err;

	unlink(piles[0].path);
	unlink(piles[1].path);
	need(load_comb(&piles[2], leave(), STRIDE), "comb");
	start = seconds();
	err = card_write(card, "alloc", "%uM rx", mib);
	took = seconds() - start;
	printf("# | %u MiB, in %.1f s (%s), ended after | killed in | unbound in |\n",
	       mib, took, err ? strerror(err) : "got");
	printf("# |---|---|---|\n");
	if (!err)
		card_write(card, "free", "rx");
	need(unlink(piles[2].path), "unlink");
	need(load_comb(&piles[2], leave(), STRIDE), "comb");
	print_ends(card, mib, took);
	need(unlink(piles[2].path), "unlink");
}

int main(void)
{
	struct card card;

	take_numbers(&levels, "LEVELS", "0,25,50,75,90");
	take_numbers(&sizes, "SIZES", "4,16,64,256,512,768");
	take_numbers(&tries, "TRIES", "4");
	take_numbers(&midst, "MIDST", "0");
	need(tries.of[0] > MAX_TRIES, "TRIES");
	need(card_get(0, &card), "card");
	need(attr_write(MAX_TOTAL, "1T"), "max_total");
	need(card_write(&card, "max_bytes", "1T"), "max_bytes");
	need(load_mount(), "mount");
	measure(&card);
	print_table();
	if (midst.of[0])
		measure_midst(&card, midst.of[0]);
	printf("ok 1 - measured\n1..1\n");
	return 0;
}
