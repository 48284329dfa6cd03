// SPDX-License-Identifier: GPL-2.0-only
/* Writes from memory to a disk: directly, and through a copy. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static int disk = -1;

int disk_init(void)
{
	if (!options.disk)
		return 0;
	disk = open(options.disk, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC,
		    0600);
	return disk < 0 ? errno : 0;
}

bool disk_there(void)
{
	return disk >= 0;
}

static size_t part(size_t length, size_t done)
{
	return length - done < CHUNK ? length - done : CHUNK;
}

static int result(ssize_t ret, size_t length)
{
	if (ret < 0)
		return errno;
	return (size_t)ret == length ? 0 : EIO;
}

/* The disk reads the data from the mapping by DMA. */
int disk_write(struct area *area, size_t length)
{
	size_t done, now;
	int err = 0;

	for (done = 0; !err && done < length; done += now) {
		now = part(length, done);
		err = result(pwrite(disk, area->mem + done, now, done), now);
	}
	return err;
}

/* Copy to a bounce buffer, as for a mapping that the disk cannot use. */
int disk_copy(struct area *area, size_t length, void *bounce, bool reads)
{
	size_t done, now;
	int err = 0;

	for (done = 0; !err && done < length; done += now) {
		now = part(length, done);
		if (reads)
			err = result(pread(area->fd, bounce, now, done), now);
		else
			memcpy(bounce, area->mem + done, now);
		if (!err)
			err = result(pwrite(disk, bounce, now, done), now);
	}
	return err;
}

/* Check that the disk has the data that was written. */
int disk_check(const void *mem, size_t length, void *bounce)
{
	size_t done, now;
	int err = 0;

	for (done = 0; !err && done < length; done += now) {
		now = part(length, done);
		err = result(pread(disk, bounce, now, done), now);
		if (!err && memcmp(mem + done, bounce, now))
			err = EBADMSG;
	}
	return err;
}
