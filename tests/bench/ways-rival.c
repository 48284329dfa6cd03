// SPDX-License-Identifier: GPL-2.0-only
/* The ways of the module in rivals/. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

/* The same definition as in rivals/rivals.h. */
#define RIVAL_ALLOC	_IO('B', 1)

static void drop(struct area *area)
{
	close(area->fd);
}

static int make(struct area *area, const char *node)
{
	int err;

	area->fd = open(node, O_RDWR | O_CLOEXEC);
	if (area->fd < 0)
		return errno == ENOENT ? ENODEV : errno;
	if (!ioctl(area->fd, RIVAL_ALLOC, area->size))
		return 0;
	err = errno;
	drop(area);
	return err;
}

static int make_2006(struct area *area)
{
	return make(area, "/dev/rival-2006");
}

static int make_blocks(struct area *area)
{
	return make(area, "/dev/rival-blocks");
}

static int make_remap(struct area *area)
{
	return make(area, "/dev/rival-remap");
}

static int make_coherent(struct area *area)
{
	return make(area, "/dev/rival-coherent");
}

static int map(struct area *area)
{
	return map_area(area, MAP_SHARED);
}

const struct way rival_ways[] = {
	{ "2006", ALIGNED, make_2006, map, unmap_area, drop, false },
	{ "blocks", ALIGNED, make_blocks, map, unmap_area, drop, false },
	{ "remap", ALIGNED, make_remap, map, unmap_area, drop, false },
	{ "coherent", ALIGNED, make_coherent, map, unmap_area, drop, false },
	{ }
};
