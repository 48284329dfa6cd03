// SPDX-License-Identifier: GPL-2.0-only
/*
 * This is a measurement, not a test: how often the driver finds contiguous memory, and
 * the time it takes, by the size and by the used part of the memory. Before each request
 * the rest is fragmented again. Prints a table; `make bench-contiguous` runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib.h"

#define TRIES	4
#define LEAVE	(96 * MIB)	/* free while the rest is filled */
#define STRIDE	16

static const unsigned int levels[] = { 0, 25, 50, 75, 90 };	/* percent */
static const unsigned int sizes[] = { 4, 16, 64, 256, 512, 768 };	/* MiB */

#define NR_LEVELS	(sizeof(levels) / sizeof(*levels))
#define NR_SIZES	(sizeof(sizes) / sizeof(*sizes))

static struct pile piles[] = {
	{ LOAD_TMPFS "/file", 0, 1, 0 },
	{ LOAD_CACHE "/file", 0, 2, 0 },
	{ LOAD_TMPFS "/comb", 0, 3, 0 },
};

static struct cell {
	unsigned int made;
	double took[TRIES];
} cells[NR_LEVELS][NR_SIZES];

static void need(int err, const char *what)
{
	if (!err)
		return;
	printf("Bail out! %s: %d\n", what, err);
	exit(1);
}

/* Three fifths of the load are memory that cannot be reclaimed. */
static void load(unsigned int percent)
{
	__u64 bytes = mem_total() / 100 * percent;

	unlink(piles[0].path);
	unlink(piles[1].path);
	piles[0].size = bytes / 5 * 3 / MIB * MIB;
	piles[1].size = bytes / 5 * 2 / MIB * MIB;
	need(pile_make(&piles[0]), "tmpfs");
	need(pile_make(&piles[1]), "ext4");
}

static void attempt(const struct card *card, unsigned int mib,
		    struct cell *cell)
{
	double start;

	need(load_comb(&piles[2], LEAVE, STRIDE), "comb");
	start = seconds();
	if (!card_write(card, "alloc", "%uM rx", mib)) {
		cell->took[cell->made++] = seconds() - start;
		need(card_write(card, "free", "rx"), "free");
	}
	need(unlink(piles[2].path), "unlink");
}

static void measure(const struct card *card)
{
	size_t level, size;
	int i;

	for (level = 0; level < NR_LEVELS; level++) {
		load(levels[level]);
		for (size = 0; size < NR_SIZES; size++)
			for (i = 0; i < TRIES; i++)
				attempt(card, sizes[size],
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
	printf(" %u of %d", cell->made, TRIES);
	qsort(cell->took, cell->made, sizeof(*cell->took), by_size);
	if (cell->made)
		printf(", %.0f ms", cell->took[cell->made / 2] * 1000);
	printf(" |");
}

static void print_table(void)
{
	size_t level, size;

	printf("# | size |");
	for (level = 0; level < NR_LEVELS; level++)
		printf(" %u %% taken |", levels[level]);
	printf("\n# |---|");
	for (level = 0; level < NR_LEVELS; level++)
		printf("---|");
	for (size = 0; size < NR_SIZES; size++) {
		printf("\n# | %u MiB |", sizes[size]);
		for (level = 0; level < NR_LEVELS; level++)
			print_cell(&cells[level][size]);
	}
	printf("\n");
}

int main(void)
{
	struct card card;

	need(card_get(0, &card), "card");
	need(attr_write(MAX_TOTAL, "1T"), "max_total");
	need(card_write(&card, "max_bytes", "1T"), "max_bytes");
	need(load_mount(), "mount");
	measure(&card);
	print_table();
	printf("ok 1 - measured\n1..1\n");
	return 0;
}
