// SPDX-License-Identifier: GPL-2.0-only
/* Stress: the pages and small objects in use, before and after. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define PAGES_SLACK	(3 * MIB / 2)	/* less than a huge page */
#define SETTLE_TRIES	30	/* of 0.2 s: RCU frees objects late */

/*
 * The caches of which buffers, cards, mappings, processes and open files are made. slack
 * is how many objects the kernel's own work may add or take. A kernel that keeps freed
 * objects for a while needs more slack.
 */
static const struct {
	const char *name;
	unsigned int slack;
} caches[] = {
	{ "kernfs_node_cache", 0 },
	{ "inode_cache", 32 },
	{ "vm_area_struct", 32 },
	{ "mm_struct", 2 },
	{ "filp", 16 },
	{ "task_struct", 16 },
	{ "files_cache", 4 },
	{ "anon_vma", 32 },
	{ "iommu_iova", 128 },
	{ "kmalloc-32", 96 },
	{ "kmalloc-64", 96 },
	{ "kmalloc-96", 96 },
	{ "kmalloc-128", 96 },
	{ "kmalloc-192", 96 },
	{ "kmalloc-256", 96 },
	{ "kmalloc-512", 32 },
	{ "kmalloc-1k", 32 },
	{ "kmalloc-2k", 32 },
	{ "kmalloc-4k", 32 },
	/* Charged to a memory cgroup, as most objects of a buffer are. */
	{ "kmalloc-cg-32", 32 },
	{ "kmalloc-cg-64", 32 },
	{ "kmalloc-cg-96", 32 },
	{ "kmalloc-cg-128", 32 },
	{ "kmalloc-cg-192", 32 },
	{ "kmalloc-cg-256", 32 },
	{ "kmalloc-cg-512", 32 },
	{ "kmalloc-cg-1k", 32 },
	{ "kmalloc-cg-2k", 32 },
	{ "kmalloc-cg-4k", 32 },
};

#define NR_CACHES	(sizeof(caches) / sizeof(*caches))

/*
 * The files needed to count, opened at the first time. To open a file takes objects: the
 * first object of a cache can give the CPU up to five slabs, whose free objects count as
 * in use.
 */
static int shrinkers[NR_CACHES], slabinfo = -1;

static void open_all(void)
{
	size_t i;

	if (slabinfo >= 0)
		return;
	for (i = 0; i < NR_CACHES; i++)
		shrinkers[i] = open(pathf("/sys/kernel/slab/%s/shrink",
					  caches[i].name),
				    O_WRONLY | O_CLOEXEC);
	slabinfo = open("/proc/slabinfo", O_RDONLY | O_CLOEXEC);
}

/*
 * Drop everything that no process needs. Then the objects counted as in use are in use.
 */
static void drop_unused(void)
{
	size_t i;

	sync();
	attr_write("/proc/sys/vm/drop_caches", "3");
	for (i = 0; i < NR_CACHES; i++)
		if (shrinkers[i] >= 0 && pwrite(shrinkers[i], "1", 1, 0) != 1)
			printf("# %s cannot be shrunk\n", caches[i].name);
}

static void count_objects(struct figures *figures)
{
	static char text[64 * KIB];
	unsigned long long active;
	char name[64], *line = text;
	ssize_t got, length = 0;
	size_t i;

	while ((got = pread(slabinfo, text + length, sizeof(text) - 1 - length,
			    length)) > 0)
		length += got;
	text[length] = '\0';
	for (; line; line = strchr(line, '\n')) {
		if (sscanf(line, "%63s %llu", name, &active) == 2)
			for (i = 0; i < NR_CACHES; i++)
				if (!strcmp(name, caches[i].name))
					figures->objects[i] = active;
		line++;
	}
}

void take_figures(struct figures *figures)
{
	memset(figures, 0, sizeof(*figures));
	open_all();
	drop_unused();
	count_objects(figures);
	figures->memory = mem_available();
}

static int changes(const struct figures *before, const struct figures *now,
		   bool tell)
{
	int count = now->memory + PAGES_SLACK * slowness() < before->memory;
	size_t i;

	for (i = 0; i < NR_CACHES; i++)
		count += now->objects[i] >
			 before->objects[i] + caches[i].slack * slowness();
	if (!tell)
		return count;
	printf("# memory: %llu KiB, before %llu\n", now->memory / KIB,
	       before->memory / KIB);
	for (i = 0; i < NR_CACHES; i++)
		printf("# %s: %llu, before %llu\n", caches[i].name,
		       now->objects[i], before->objects[i]);
	return count;
}

/* Return how many figures are worse: less free memory, or more objects. */
int compare_figures(const struct figures *before)
{
	struct figures now;
	int tries;

	for (tries = 0; tries < SETTLE_TRIES; tries++) {
		take_figures(&now);
		if (!changes(before, &now, false))
			break;
		usleep(200000);
	}
	return changes(before, &now, true);
}

/* Ask kmemleak, if the kernel has it, for objects without a reference. */
int leaks_found(void)
{
	char text[16 * KIB] = "";

	if (access(KMEMLEAK, F_OK))
		return 0;
	/*
	 * kmemleak reports only objects older than 5 s, and nothing if it was disabled.
	 */
	if (attr_write(KMEMLEAK, "scan") || sleep(6) ||
	    attr_write(KMEMLEAK, "scan") ||
	    attr_read(KMEMLEAK, text, sizeof(text)))
		return -1;
	if (*text)
		printf("# %s\n", text);
	return !!*text;
}
