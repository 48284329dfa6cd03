// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench [-c CARD] [-v CARD] [-d DISK] [-w WAY,...] [-s MIB,...] [-r ROUNDS]
 *	[-p PASSES]
 *
 * Each round measures all ways one after another, so that other activity of the
 * machine affects all ways alike.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

struct options options = { .rounds = 1, .passes = 1 };

static int parse_sizes(char *text)
{
	char *word;

	for (word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		size_t size = strtoul(word, NULL, 10) * MIB;

		/* Powers of two, so that the random reads need no division. */
		if (size < CHUNK || size & (size - 1) ||
		    options.nr_sizes == 16)
			return EINVAL;
		options.sizes[options.nr_sizes++] = size;
	}
	return options.nr_sizes ? 0 : EINVAL;
}

static int parse(int argc, char **argv)
{
	int opt, err = 0;

	while (!err && (opt = getopt(argc, argv, "c:v:d:w:s:r:p:")) >= 0)
		switch (opt) {
		case 'c':
			options.card = optarg;
			break;
		case 'v':
			options.vfio = optarg;
			break;
		case 'd':
			options.disk = optarg;
			break;
		case 'w':
			options.ways = optarg;
			break;
		case 's':
			err = parse_sizes(optarg);
			break;
		case 'r':
			options.rounds = atoi(optarg);
			break;
		case 'p':
			options.passes = atoi(optarg);
			break;
		default:
			err = EINVAL;
		}
	return err ?: options.nr_sizes ? 0 : EINVAL;
}

/* Return whether @name is in the list of ways to be measured. */
static bool wanted(const char *name)
{
	size_t length = strlen(name);
	const char *at = options.ways;

	while (at && *at) {
		if (!strncmp(at, name, length) &&
		    (at[length] == ',' || !at[length]))
			return true;
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return !options.ways;
}

static int run_ways(const struct way *way, size_t size, unsigned int round)
{
	int err = 0;

	for (; !err && way->name; way++) {
		if (!wanted(way->name))
			continue;
		err = measure(way, size, round);
		fflush(stdout);
		if (err)
			printf("# %s: %s\n", way->name, strerror(err));
	}
	return err;
}

/* A larger size takes long, and one round is enough to count its faults. */
static bool due(size_t size, unsigned int round)
{
	return size <= USE_MAX || !round;
}

static int run_round(unsigned int round)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < options.nr_sizes; i++) {
		if (!due(options.sizes[i], round))
			continue;
		err = run_ways(anon_ways, options.sizes[i], round);
		err = err ?: run_ways(rival_ways, options.sizes[i], round);
		err = err ?: run_ways(pcibuf_ways, options.sizes[i], round);
	}
	return err;
}

int main(int argc, char **argv)
{
	unsigned int round;
	int err;

	if (parse(argc, argv)) {
		fprintf(stderr, "bench: its arguments are in bench.c\n");
		return 2;
	}
	err = measure_init() ?: disk_init();
	for (round = 0; !err && round < options.rounds; round++)
		err = run_round(round);
	if (err)
		fprintf(stderr, "bench: %s\n", strerror(err));
	return err ? 1 : 0;
}
