// SPDX-License-Identifier: GPL-2.0-only
/* The disks that scripts/vm/vm --disk gives to a guest. QEMU can make a disk slow. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define BLOCK_DIR	"/sys/block"
#define WAIT_TRIES	100	/* of 0.1 s: some disks appear late */
#define SLOW_IOPS	2
#define SLOW_MS		200	/* least time of one request then */
#define SLOW_REQUESTS	2	/* in a row: one may be slow by chance */
#define SLOW_WAIT_MS	20000

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
	/* NVMe pads the serial number with spaces. */
	text[strcspn(text, " ")] = '\0';
	return !strcmp(text, serial);
}

/* Return the name of the disk, or "" if it does not exist yet. */
static const char *find(const char *serial)
{
	struct dirent **found;
	int i, count = scandir(BLOCK_DIR, &found, is_disk, alphasort);
	const char *name = "";

	for (i = 0; i < count; i++) {
		if (has_serial(found[i]->d_name, serial))
			name = pathf("%s", found[i]->d_name);
		free(found[i]);
	}
	if (count >= 0)
		free(found);
	return name;
}

/* Return a descriptor, or -1 and errno. */
int disk_open(const char *serial, int flags)
{
	int tries = WAIT_TRIES, disk = -1;

	while (disk < 0 && tries--) {
		disk = open(pathf("/dev/%s", find(serial)), flags | O_CLOEXEC);
		if (disk < 0)
			usleep(100000);
	}
	return disk;
}

/*
 * Return the bytes written before the first failure, or -1 and errno if there are none.
 */
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

static void set_limit(const char *serial, int iops)
{
	monitor("block_set_io_throttle %s 0 0 0 %d 0 0", serial, iops);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * When this returns, a request takes half a second. The monitor may receive the command
 * late. Return 0 or an errno.
 */
int disk_slow_down(const char *serial)
{
	int disk = disk_open(serial, O_RDONLY | O_DIRECT);
	void *sector = aligned_alloc(PAGE, PAGE);
	long start = now_ms(), end = start + SLOW_WAIT_MS;
	int slow = 0;

	/* A kernel that checks itself needs more time for what a test does meanwhile. */
	set_limit(serial, slowness() > 1 ? SLOW_IOPS / 2 : SLOW_IOPS);
	while (slow < SLOW_REQUESTS && start < end) {
		start = now_ms();
		if (pread(disk, sector, PAGE, 0) != (ssize_t)PAGE)
			break;
		slow = now_ms() - start < SLOW_MS ? 0 : slow + 1;
	}
	free(sector);
	close(disk);
	return slow < SLOW_REQUESTS ? ETIMEDOUT : 0;
}

/* Waiting requests continue at once. */
void disk_speed_up(const char *serial)
{
	set_limit(serial, 0);
}

/*
 * Return the number of requests that the disk has not completed, the ninth field of
 * stat.
 */
__u64 disk_waiting(const char *serial)
{
	unsigned long long waiting = 0;
	char line[256];

	if (attr_read(pathf(BLOCK_DIR "/%s/stat", find(serial)), line,
		      sizeof(line)) ||
	    sscanf(line, "%*u %*u %*u %*u %*u %*u %*u %*u %llu", &waiting) != 1)
		return 0;
	return waiting;
}
