// SPDX-License-Identifier: GPL-2.0-only
/* Lost memory, signals, patterns in memory, and children with other rights. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define SETTLE_TRIES	100	/* of 0.1 s: RCU frees memory late on a busy machine */
/* Less than one huge page. A kernel that checks itself keeps freed memory for a while. */
#define TOLERANCE	(3 * MIB / 2)

/* A line of /proc/meminfo, in bytes; @key ends with its colon. */
__u64 mem_figure(const char *key)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	__u64 kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			kib = strtoull(line + strlen(key), NULL, 10);
	if (file)
		fclose(file);
	return kib * KIB;
}

/*
 * Each CPU keeps some 30 MiB of free pages for itself. The kernel does not count these
 * pages as free. With these pages counted, a lost page of 2 MiB is visible.
 */
static __u64 kept_by_cpus(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	unsigned long long count;
	__u64 pages = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %llu", &count) == 1)
			pages += count;
	if (file)
		fclose(file);
	return pages * PAGE;
}

__u64 mem_available(void)
{
	/* Add the counters of each CPU to the counters of the machine. */
	attr_write("/proc/sys/vm/stat_refresh", "1");
	return mem_figure("MemAvailable:") + kept_by_cpus();
}

__u64 mem_free(void)
{
	return mem_figure("MemFree:");
}

__u64 mem_total(void)
{
	return mem_figure("MemTotal:");
}

static int is_node(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "pcibuf", 6);
}

/* List names, as many as fit. Tests with thousands of buffers count instead. */
static void list_nodes(char *text, size_t size)
{
	struct dirent **found;
	int i, count = scandir("/dev", &found, is_node, alphasort);
	size_t used = 0;

	text[0] = '\0';
	for (i = 0; i < count; i++) {
		if (used < size)
			used += snprintf(text + used, size - used, "%s ",
					 found[i]->d_name);
		free(found[i]);
	}
	if (count >= 0)
		free(found);
}

/* KASAN keeps small freed objects, up to a 32nd part of all memory. */
static __u64 memory_left(void)
{
	return mem_available() +
	       (slowness() == 1 ? 0 : mem_figure("SUnreclaim:"));
}

void snapshot(const struct card *card, struct snapshot *snap)
{
	snap->allocated = attr_u64(card_attr(card, "allocated_bytes"));
	snap->buffers = attr_u64(card_attr(card, "nr_buffers"));
	snap->available = memory_left();
	list_nodes(snap->nodes, sizeof(snap->nodes));
}

/* Is at least a huge page of the memory still in use now? */
bool memory_is_out(const struct snapshot *before)
{
	return memory_left() + TOLERANCE < before->available;
}

/*
 * A kernel that checks itself keeps more memory and frees it later, but less than a
 * buffer. Behind an IOMMU, coherent memory needs mappings in the kernel. The kernel
 * takes unused mappings down when there are 64 MiB of them, and KASAN has one byte of
 * shadow for each 8 bytes of such a mapping.
 */
static __u64 tolerance(void)
{
	if (slowness() == 1)
		return TOLERANCE;
	return 2 * TOLERANCE +
	       (coherent_forced() && iommu_translates() ? 8 * MIB : 0);
}

/* Wait until what somebody held, and has let go of, does not count any more. */
static void wait_for_quota(const struct card *card, const struct snapshot *before)
{
	const struct timespec nap = { .tv_nsec = 100000000 };
	int tries = SETTLE_TRIES;

	while (attr_u64(card_attr(card, "allocated_bytes")) > before->allocated &&
	       tries--)
		nanosleep(&nap, NULL);
}

/* After thousands of rounds, memory in the kernel's caches is no leak. */
void shrink_caches(void)
{
	struct dirent **found;
	int i, count = scandir("/sys/kernel/slab", &found, NULL, alphasort);

	attr_write("/proc/sys/vm/drop_caches", "3");
	for (i = 0; i < count; i++) {
		attr_write(pathf("/sys/kernel/slab/%s/shrink", found[i]->d_name),
			   "1");
		free(found[i]);
	}
	if (count >= 0)
		free(found);
}

/*
 * Wait until all of the memory is free again. Threads of io_uring and work that closes
 * files end some time after the process, and their objects stay in the kernel's caches:
 * empty those before the second half of the time.
 */
bool memory_is_back(const struct snapshot *before)
{
	const struct timespec nap = { .tv_nsec = 100000000 };
	int tries;

	for (tries = SETTLE_TRIES; tries; tries--) {
		if (memory_left() + tolerance() >= before->available)
			return true;
		if (tries == SETTLE_TRIES / 2)
			shrink_caches();
		nanosleep(&nap, NULL);
	}
	return false;
}

/* Return the number of differences from before, and print each on its own line. */
int snapshot_changes(const struct card *card, const struct snapshot *before)
{
	bool back = memory_is_back(before);
	struct snapshot now;
	int changes = 0;

	wait_for_quota(card, before);
	snapshot(card, &now);
	if (now.allocated != before->allocated && ++changes)
		printf("# allocated_bytes: %llu, before %llu\n",
		       now.allocated, before->allocated);
	if (now.buffers != before->buffers && ++changes)
		printf("# nr_buffers: %llu, before %llu\n",
		       now.buffers, before->buffers);
	if (!back && ++changes)
		printf("# MemAvailable: %llu, before %llu\n",
		       now.available, before->available);
	if (strcmp(now.nodes, before->nodes) && ++changes)
		printf("# nodes: %s, before %s\n", now.nodes, before->nodes);
	return changes;
}

/* All words of a buffer differ, so that a page in the wrong place is found. */
static __u64 word_at(__u64 offset, __u32 seed)
{
	return (offset / 8 + 1) * 0x9e3779b97f4a7c15ULL ^ (__u64)seed << 17;
}

void fill(void *mem, size_t length, __u64 offset, __u32 seed)
{
	unsigned char *bytes = mem;
	size_t i;

	for (i = 0; i < length; i += 8) {
		__u64 word = word_at(offset + i, seed);

		memcpy(bytes + i, &word, length - i < 8 ? length - i : 8);
	}
}

/* Return where @mem first differs from the pattern of fill(), or -1. */
ssize_t mismatch(const void *mem, size_t length, __u64 offset,
		 __u32 seed)
{
	const unsigned char *bytes = mem;
	size_t i;

	for (i = 0; i < length; i += 8) {
		__u64 word = word_at(offset + i, seed);

		if (memcmp(bytes + i, &word, length - i < 8 ? length - i : 8))
			return i;
	}
	return -1;
}

ssize_t nonzero(const void *mem, size_t length)
{
	static const unsigned char zeros[4096];
	const unsigned char *bytes = mem;
	size_t i;

	for (i = 0; i < length; i += sizeof(zeros)) {
		size_t part = length - i;

		if (part > sizeof(zeros))
			part = sizeof(zeros);
		if (memcmp(bytes + i, zeros, part))
			return i;
	}
	return -1;
}

static sigjmp_buf touch_env;

static void touch_handler(int sig)
{
	siglongjmp(touch_env, sig);
}

/* Read one byte and write it back. Return 0, or the signal that this raised. */
int touch(void *mem)
{
	struct sigaction action = { .sa_handler = touch_handler };
	struct sigaction old_bus, old_segv;
	unsigned char *byte = mem;
	int sig;

	sigaction(SIGBUS, &action, &old_bus);
	sigaction(SIGSEGV, &action, &old_segv);
	sig = sigsetjmp(touch_env, 1);
	if (!sig)
		__atomic_fetch_add(byte, 0, __ATOMIC_SEQ_CST);
	sigaction(SIGBUS, &old_bus, NULL);
	sigaction(SIGSEGV, &old_segv, NULL);
	return sig;
}

/* Get one figure of smaps for the mapping of @addr. Return 0 or an errno. */
int mapping_figure(const void *addr, const char *key, __u64 *bytes)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long start, end;
	bool inside = false;
	char line[512];
	int err = ENOENT;

	while (file && err && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			inside = (unsigned long)addr >= start &&
				 (unsigned long)addr < end;
		else if (inside && !strncmp(line, key, strlen(key))) {
			*bytes = strtoull(line + strlen(key), NULL, 10) * KIB;
			err = 0;
		}
	}
	if (file)
		fclose(file);
	return err;
}

/*
 * Return where a mapping shows another page than the card reaches, or -1. This works for
 * root, without an IOMMU (bus addresses are then physical addresses), and checks only
 * pages that are mapped now.
 */
ssize_t misplaced(const void *mem, size_t length, __u64 bus)
{
	const __u64 present = 1ULL << 63, mask = (1ULL << 55) - 1;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t wrong = -1;
	__u64 entry;
	size_t at;

	for (at = 0; at < length && wrong < 0; at += PAGE) {
		off_t place = ((unsigned long)mem + at) / PAGE * sizeof(entry);

		if (pread(fd, &entry, sizeof(entry), place) != sizeof(entry) ||
		    (entry & present && (entry & mask) != (bus + at) / PAGE))
			wrong = at;
	}
	close(fd);
	return wrong;
}

/* Return the result of @fn in a child, 0 to 255, or 256 plus the signal. */
int in_child(int (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		status = fn(arg);
		fflush(stdout);
		_exit(status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 256 + WTERMSIG(status);
}

struct user_call {
	uid_t uid;
	gid_t group;
	int (*fn)(void *arg);
	void *arg;
};

static int become_and_call(void *arg)
{
	const struct user_call *call = arg;

	if (setgroups(call->group ? 1 : 0, &call->group) ||
	    setresgid(call->uid, call->uid, call->uid) ||
	    setresuid(call->uid, call->uid, call->uid))
		return 255;
	return call->fn(call->arg);
}

/* Like in_child(), as a user with no group or one group besides the user's own. */
int as_user(uid_t uid, gid_t group, int (*fn)(void *arg), void *arg)
{
	struct user_call call = { uid, group, fn, arg };

	return in_child(become_and_call, &call);
}
