// SPDX-License-Identifier: GPL-2.0-only
/* The machine around the guest: QEMU's monitor, and devices that come and go. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
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

/* Wait until a file exists, or no longer exists. */
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

/* Wait until the kernel log has @count lines with these words. */
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

/*
 * Plug a card like the runner's into the card's slot. Repeat the command until the card
 * is there: QEMU drops the old card only after the kernel is done with it.
 */
bool card_plug(const struct card *card)
{
	const char *mask = card->mask == 64 ? ",dma_mask=0xffffffffffffffff" : "";
	double end = seconds() + PATIENCE, again = 0;

	while (access(pci_attr(card, "driver_override"), F_OK)) {
		if (seconds() > end)
			return false;
		if (seconds() > again) {
			monitor("device_add edu,id=card%d,bus=rp%d%s",
				card->slot, card->slot, mask);
			again = seconds() + 2;
		}
		usleep(10000);
	}
	return true;
}

/*
 * The files of a new card can exist before the card can be bound. The kernel then binds
 * the card when it is ready.
 */
int card_bind_new(const struct card *card)
{
	int err = card_bind(card);

	return err == ENOENT && wait_for(card_attr(card, "gid"), true) ? 0 : err;
}

/* Return the letter of the kernel for the state of a process. */
static char doing(pid_t pid)
{
	char text[256] = "", *end;

	attr_read(pathf("/proc/%d/stat", pid), text, sizeof(text));
	end = strrchr(text, ')');
	return end && end[1] ? end[2] : 'Z';
}

/*
 * Start a process that resets a device. On return, the process sleeps in the kernel
 * during the reset. Return -1 if the device cannot be reset.
 */
pid_t reset_begin(const struct card *card)
{
	int status = 0;
	char state;
	pid_t pid;

	while (!status) {
		pid = fork();
		if (!pid)
			_exit(attr_write(pci_attr(card, "reset"), "1"));
		do {
			usleep(1000);
			state = doing(pid);
		} while (state == 'R' || state == 'S');
		if (state == 'D')
			return pid;
		/* The reset was over before this process looked. */
		if (waitpid(pid, &status, 0) != pid)
			break;
	}
	return -1;
}
