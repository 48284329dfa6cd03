// SPDX-License-Identifier: GPL-2.0-only
/* The disks that scripts/vm --disk gives to a guest. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

#define BLOCK_DIR	"/sys/block"
#define WAIT_TRIES	100	/* of 0.1 s: some appear late */

static int is_disk(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "vd", 2) ||
	       !strncmp(entry->d_name, "nvme", 4);
}

static bool has_serial(const char *disk, const char *serial)
{
	char text[64];

	if (attr_read(pathf(BLOCK_DIR "/%s/serial", disk), text,
		      sizeof(text)) &&
	    attr_read(pathf(BLOCK_DIR "/%s/device/serial", disk), text,
		      sizeof(text)))
		return false;
	/* NVMe fills it up with spaces. */
	text[strcspn(text, " ")] = '\0';
	return !strcmp(text, serial);
}

/* Its node; "" where there is none by now. */
static const char *find(const char *serial)
{
	struct dirent **found;
	int i, count = scandir(BLOCK_DIR, &found, is_disk, alphasort);
	const char *node = "";

	for (i = 0; i < count; i++) {
		if (has_serial(found[i]->d_name, serial))
			node = pathf("/dev/%s", found[i]->d_name);
		free(found[i]);
	}
	if (count >= 0)
		free(found);
	return node;
}

/* A descriptor, or -1 and errno. */
int disk_open(const char *serial, int flags)
{
	int tries, disk = -1;

	for (tries = 0; tries < WAIT_TRIES && disk < 0; tries++) {
		disk = open(find(serial), flags | O_CLOEXEC);
		if (disk < 0)
			usleep(100000);
	}
	return disk;
}

/* What was written until it ended, or -1 and errno where nothing was. */
ssize_t disk_write(int disk, const void *mem, size_t size, off_t offset)
{
	size_t done = 0;
	ssize_t got;

	while (done < size) {
		got = pwrite(disk, mem + done, size - done, offset + done);
		if (got <= 0)
			return done ? (ssize_t)done : got;
		done += got;
	}
	return done;
}

ssize_t disk_read(int disk, void *mem, size_t size, off_t offset)
{
	size_t done = 0;
	ssize_t got;

	while (done < size) {
		got = pread(disk, mem + done, size - done, offset + done);
		if (got <= 0)
			return done ? (ssize_t)done : got;
		done += got;
	}
	return done;
}
