// SPDX-License-Identifier: GPL-2.0-only
/* The machine around the guest: QEMU's monitor, and what comes and goes. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define PATIENCE	120.0	/* seconds of guest time */

/* The runner forwards lines "@hmp ..." on ttyS1 to QEMU's monitor. */
void monitor(const char *fmt, ...)
{
	FILE *line = fopen("/dev/ttyS1", "we");
	va_list args;

	if (!line)
		return;
	fprintf(line, "@hmp ");
	va_start(args, fmt);
	vfprintf(line, fmt, args);
	va_end(args);
	fprintf(line, "\n");
	fclose(line);
}

/* Until a file is there, or no longer there. */
bool wait_for(const char *path, bool there)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	double end = seconds() + PATIENCE;

	while (!access(path, F_OK) != there) {
		if (seconds() > end)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

/* Until the kernel log has so many lines with these words. */
bool wait_for_lines(const char *words, int count)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	double end = seconds() + PATIENCE;

	while (lines_with(words) < count) {
		if (seconds() > end)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

/* What there was in the card's place, as the runner made it. */
void card_plug(const struct card *card)
{
	const char *mask = card->mask == 64 ? ",dma_mask=0xffffffffffffffff" : "";

	monitor("device_add edu,id=card%d,bus=rp%d%s", card->slot, card->slot,
		mask);
}
