// SPDX-License-Identifier: GPL-2.0-only
/* Mappings at chosen addresses, and the cost of touching them. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib.h"

#define CHUNK	(1 * MIB)	/* bytes read at a time for comparison */

/*
 * Map all of a buffer, @shift bytes behind an address that fits huge pages. With @shift
 * 0 the driver maps huge pages, otherwise it maps base pages by fault-around. Nothing is
 * mapped next to the mapping.
 */
int place_map(struct place *place, int fd, size_t size, size_t shift, int flags)
{
	unsigned long at;

	place->size = size;
	place->room_size = size + 4 * HUGE_PAGE;
	place->room = mmap(NULL, place->room_size, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (place->room == MAP_FAILED)
		return errno;
	at = ((unsigned long)place->room + HUGE_PAGE) & ~(HUGE_PAGE - 1);
	place->mem = mmap((void *)(at + shift), size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED | flags, fd, 0);
	return place->mem == MAP_FAILED ? errno : 0;
}

void place_drop(struct place *place)
{
	munmap(place->room, place->room_size);
}

/*
 * Return the minor faults of this process so far: faults that wait for a disk do not
 * count.
 */
long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Write once to each page. */
void touch_all(void *mem, size_t size)
{
	unsigned char *bytes = mem;
	size_t at;

	for (at = 0; at < size; at += PAGE)
		__atomic_store_n(bytes + at, at >> 12, __ATOMIC_RELAXED);
}

/* Does the whole file hold pattern @seed? Use read(2), not a mapping. */
bool file_holds(int fd, size_t size, __u32 seed)
{
	unsigned char *chunk = malloc(CHUNK);
	bool same = true;
	size_t at, part;

	for (at = 0; at < size && same; at += part) {
		part = size - at < CHUNK ? size - at : CHUNK;
		same = pread(fd, chunk, part, at) == (ssize_t)part &&
		       mismatch(chunk, part, at, seed) == -1;
	}
	free(chunk);
	return same;
}
