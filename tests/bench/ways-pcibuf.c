// SPDX-License-Identifier: GPL-2.0-only
/* A buffer of pcibuf, mapped in four ways. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define CARD_DIR	"/sys/class/pcibuf_card"
#define LABEL		"bench"

static int card_write(const char *attr, const char *text)
{
	char path[PATH_MAX];
	int err = 0, fd;

	if (!options.card)
		return ENODEV;
	snprintf(path, sizeof(path), CARD_DIR "/%s/%s", options.card, attr);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	return err;
}

static int open_node(void)
{
	char path[PATH_MAX], link[PATH_MAX] = "/";

	snprintf(path, sizeof(path), CARD_DIR "/%s/buffers/" LABEL,
		 options.card);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return -1;
	snprintf(path, sizeof(path), "/dev%s", strrchr(link, '/'));
	return open(path, O_RDWR | O_CLOEXEC);
}

static void drop(struct area *area)
{
	close(area->fd);
	card_write("free", LABEL);
}

/*
 * Allocate one range if one is available. The measured costs do not depend on
 * whether the memory is one range.
 */
static int make(struct area *area)
{
	char text[64];
	int err;

	snprintf(text, sizeof(text), "%zu " LABEL, area->size);
	err = card_write("alloc", text);
	if (err == ENOMEM)
		err = card_write("alloc_sg", text);
	if (err)
		return err;
	area->fd = open_node();
	if (area->fd >= 0)
		return 0;
	err = errno;
	card_write("free", LABEL);
	return err;
}

static int map(struct area *area)
{
	return map_area(area, MAP_SHARED);
}

static int map_populated(struct area *area)
{
	return map_area(area, MAP_SHARED | MAP_POPULATE);
}

const struct way pcibuf_ways[] = {
	{ "pcibuf", ANYWHERE, make, map, unmap_area, drop, true },
	{ "pcibuf-populate", ANYWHERE, make, map_populated, unmap_area, drop, true },
	{ "pcibuf-window", ODD, make, map, unmap_area, drop, true },
	{ "pcibuf-window-populate", ODD, make, map_populated, unmap_area,
	  drop, true },
	{ }
};
