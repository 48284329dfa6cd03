// SPDX-License-Identifier: GPL-2.0-only
/* Physical addresses, bounce buffers, lines of the kernel log, and the time. */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define PAGEMAP_PRESENT	0x8000000000000000ULL
#define PAGEMAP_FRAME	0x007fffffffffffffULL
#define FRAMES		4096	/* read at once */

/*
 * Like misplaced(), but every page must be mapped. Return where the mapping first
 * differs from the memory that begins at @phys, page by page, or -1.
 */
ssize_t displaced(const void *mem, size_t length, __u64 phys)
{
	static __u64 frames[FRAMES];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t place = (unsigned long)mem / PAGE * sizeof(*frames);
	size_t page, count = length / PAGE;
	ssize_t wrong = -1;

	for (page = 0; page < count && wrong < 0; page++) {
		size_t at = page % FRAMES;

		if (!at && pread(fd, frames, sizeof(frames),
				 place + page * sizeof(*frames)) <= 0)
			wrong = page * PAGE;
		if (!(frames[at] & PAGEMAP_PRESENT) ||
		    (frames[at] & PAGEMAP_FRAME) != phys / PAGE + page)
			wrong = page * PAGE;
	}
	close(fd);
	return wrong;
}

/* Return the page frame behind an address, 0 if no page is mapped yet. */
__u64 frame_of(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry),
		  (unsigned long)addr / PAGE * sizeof(entry)) <= 0)
		entry = 0;
	close(fd);
	return entry & PAGEMAP_PRESENT ? entry & PAGEMAP_FRAME : 0;
}

/* Flags of /proc/kpageflags (Documentation/admin-guide/mm/pagemap.rst). */
#define KPF_LRU		0x20
#define KPF_BUDDY	0x400
#define BLOCK		(HUGE_PAGE / PAGE)

/* Is every page free or used by files and processes? Such pages can move. */
static bool block_moves(const __u64 *flags)
{
	size_t i;

	for (i = 0; i < BLOCK; i++)
		if (!(flags[i] & (KPF_LRU | KPF_BUDDY)))
			return false;
	return true;
}

/*
 * Return the bytes of the longest range, in whole blocks of 2 MiB, in which all pages
 * can certainly be moved. The place of this range is a matter of luck: the kernel loads
 * itself anywhere (KASLR), and allocates small objects where there is room.
 */
__u64 longest_stretch(void)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	__u64 flags[BLOCK], length = 0, longest = 0;

	while (read(fd, flags, sizeof(flags)) == sizeof(flags)) {
		length = block_moves(flags) ? length + HUGE_PAGE : 0;
		if (length > longest)
			longest = length;
	}
	close(fd);
	return longest;
}

/*
 * Return the node of a mapped page, or a negative errno. Touch the page first, because
 * the kernel sometimes unmaps pages to see which node uses them.
 */
int page_node(const void *addr)
{
	void *page = (void *)addr;
	int node = -EINVAL;

	if (touch(page))
		return -EFAULT;
	if (syscall(SYS_move_pages, 0, 1UL, &page, NULL, &node, 0))
		return -errno;
	return node;
}

/* A line is "Node 0, zone   Normal   3   1 ...": free blocks of each order. */
static __u64 pages_of_line(const char *line, unsigned int order)
{
	unsigned int i, blocks;
	__u64 pages = 0;
	int at, used;

	if (sscanf(line, "Node %*d, zone %*s %u%n", &blocks, &at) != 1)
		return 0;
	for (i = 0; ; i++) {
		if (i >= order)
			pages += (__u64)blocks << i;
		if (sscanf(line + at, "%u%n", &blocks, &used) != 1)
			return pages;
		at += used;
	}
}

/* Return the number of pages in free blocks of at least this order. */
__u64 free_in_blocks(unsigned int order)
{
	FILE *file = fopen("/proc/buddyinfo", "re");
	__u64 pages = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		pages += pages_of_line(line, order);
	if (file)
		fclose(file);
	return pages;
}

/* Return the bytes of the bounce pool that are in use. */
__u64 bounced(void)
{
	return attr_u64("/sys/kernel/debug/swiotlb/io_tlb_used") * 2 * KIB;
}

/* Return the number of lines of the kernel log that contain @words. */
int lines_with(const char *words)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	char line[8192];
	int count = 0;
	ssize_t got;

	while ((got = read(fd, line, sizeof(line) - 1)) > 0) {
		line[got] = '\0';
		count += strstr(line, words) ? 1 : 0;
	}
	close(fd);
	return count;
}

/* Return the time in seconds, by a clock that never jumps. */
double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Return all segments; the caller frees the array. Return NULL and errno on failure. */
struct pcibuf_segment *segments_of(int fd, __u32 *count)
{
	struct pcibuf_segment *segments;
	struct pcibuf_info info;

	errno = buf_info(fd, &info);
	if (errno)
		return NULL;
	*count = info.nr_segments;
	segments = calloc(*count, sizeof(*segments));
	if (!segments)
		return NULL;
	errno = buf_segments(fd, segments, 0, count);
	if (!errno)
		return segments;
	free(segments);
	return NULL;
}
