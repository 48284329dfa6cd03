// SPDX-License-Identifier: GPL-2.0-only
/*
 * How others see a mapping: files in /proc, debuggers, core dumps, userfaultfd, and the
 * kernel's tracking of writes.
 */
#include "lib-mapped.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define SOFT_DIRTY	0x0080000000000000ULL
#define PRESENT		0x8000000000000000ULL

static __u64 entry_of(const void *mem)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	__u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry),
		  (unsigned long)mem / PAGE * sizeof(entry)) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry;
}

TEST_F_TIMEOUT(mapped, figures, 60)
{
	__u64 bytes;
	size_t at;

	if (coherent_forced())
		SKIP(return, "promised for pages only");
	ASSERT_EQ(0, mapping_figure(self->mem, "Rss:", &bytes));
	EXPECT_EQ(variant->size, bytes);
	ASSERT_EQ(0, mapping_figure(self->mem, "FilePmdMapped:", &bytes));
	EXPECT_EQ(variant->large, bytes);
	ASSERT_EQ(0, mapping_figure(self->mem, "AnonHugePages:", &bytes));
	EXPECT_EQ(0, bytes);
	ASSERT_EQ(0, mapping_figure(self->mem, "Swap:", &bytes));
	EXPECT_EQ(0, bytes);
	ASSERT_EQ(0, mapping_figure(self->mem, "Locked:", &bytes));
	EXPECT_EQ(0, bytes);
	for (at = 0; at < variant->size; at += PAGE)
		ASSERT_TRUE(entry_of(self->mem + at) & PRESENT);
	ASSERT_EQ(0, munmap(self->mem + MIB, PAGE));
	ASSERT_EQ(0, mapping_figure(self->mem, "Rss:", &bytes));
	EXPECT_GE(MIB, bytes);
}

/* The files of /proc handle the pages of a driver. */
TEST_F_TIMEOUT(mapped, files_of_proc, 60)
{
	static const char * const names[] = {
		"maps", "smaps", "smaps_rollup", "numa_maps", "status",
		"statm", "stat",
	};
	char chunk[4096];
	unsigned int i;
	ssize_t got;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = open(pathf("/proc/self/%s", names[i]), O_RDONLY);
		size_t all = 0;

		ASSERT_LE(0, fd);
		while ((got = read(fd, chunk, sizeof(chunk))) > 0)
			all += got;
		EXPECT_EQ(0, got);
		EXPECT_LT(0, all);
		close(fd);
	}
	check_works(_metadata, &self->place, self->fd, 1);
}

/* Counts and flags of every page frame, including the buffer's frames. */
TEST_F_TIMEOUT(mapped, files_of_page_frames, 60)
{
	int counts = open("/proc/kpagecount", O_RDONLY);
	int flags = open("/proc/kpageflags", O_RDONLY);
	size_t at;
	__u64 word;

	ASSERT_LE(0, counts);
	ASSERT_LE(0, flags);
	for (at = 0; at < variant->size; at += PAGE) {
		off_t place = (entry_of(self->mem + at) & (SOFT_DIRTY - 1)) * 8;

		if (coherent_forced())
			break;
		ASSERT_EQ(8, pread(counts, &word, 8, place));
		EXPECT_EQ(1, word);
		ASSERT_EQ(8, pread(flags, &word, 8, place));
	}
	close(counts);
	close(flags);
}

/*
 * Soft-dirty bits mark pages written since the last reset. Backups of running programs
 * use them.
 */
TEST_F_TIMEOUT(mapped, soft_dirty, 60)
{
	static const size_t places[] = { 0, MIB + PAGE, 3 * MIB - PAGE };
	static const char clear[] = "/proc/self/clear_refs";
	unsigned int i;

	ASSERT_EQ(0, attr_write(clear, "1"));
	ASSERT_EQ(0, attr_write(clear, "3"));
	ASSERT_EQ(0, attr_write(clear, "5"));
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		unsigned char *page = self->mem + places[i];

		if (attr_write(clear, "4"))
			SKIP(return, "no soft-dirty bits in this kernel");
		EXPECT_EQ(-1, mismatch(self->mem, variant->size, 0, 1));
		EXPECT_EQ(0, touch(page));
		if (!coherent_forced())
			EXPECT_TRUE(entry_of(page) & SOFT_DIRTY);
	}
	EXPECT_EQ(0, attr_write(clear, "4"));
	check_works(_metadata, &self->place, self->fd, 1);
}

/* Start a child that stops, to be examined. */
static pid_t stopped_child(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	return waitpid(pid, &status, WUNTRACED) == pid ? pid : -1;
}

static void end_child(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

TEST_F_TIMEOUT(mapped, debugger, 60)
{
	const size_t at = 2 * MIB + 5 * PAGE;
	unsigned long word = 0x1234567887654321;
	unsigned char *page = malloc(PAGE);
	pid_t pid = stopped_child();
	int mem = open(pathf("/proc/%d/mem", pid), O_RDWR);

	ASSERT_LT(0, pid);
	ASSERT_LE(0, mem);
	if (coherent_forced())
		SKIP(end_child(pid); return, "promised for pages only");
	ASSERT_EQ((ssize_t)PAGE, pread(mem, page, PAGE,
				       (unsigned long)self->mem + at));
	EXPECT_EQ(-1, mismatch(page, PAGE, at, 1));
	fill(page, PAGE, at, 2);
	ASSERT_EQ((ssize_t)PAGE, pwrite(mem, page, PAGE,
					(unsigned long)self->mem + at));
	EXPECT_EQ(-1, mismatch(self->mem + at, PAGE, at, 2));
	ASSERT_EQ(0, ptrace(PTRACE_POKEDATA, pid, self->mem + 8, word));
	EXPECT_EQ(word, (unsigned long)ptrace(PTRACE_PEEKDATA, pid,
					      self->mem + 8, NULL));
	EXPECT_EQ(0, memcmp(&word, self->mem + 8, 8));
	end_child(pid);
	fill(self->mem, PAGE, 0, 1);
	fill(self->mem + at, PAGE, at, 1);
	check_works(_metadata, &self->place, self->fd, 1);
	close(mem);
	free(page);
}

/* Not even root can write to a read-only mapping. */
TEST_F_TIMEOUT(mapped, debugger_and_read_only, 60)
{
	int fd = buf_open(&self->card, "rx", O_RDONLY);
	int mem = open("/proc/self/mem", O_RDWR);

	ASSERT_EQ(self->mem, mmap(self->mem, variant->size, PROT_READ,
				  MAP_SHARED | MAP_FIXED, fd, 0));
	EXPECT_EQ(-1, pwrite(mem, "x", 1, (unsigned long)self->mem));
	EXPECT_EQ(-1, pwrite(mem, "x", 1, (unsigned long)self->mem + 2 * MIB));
	check_holds(_metadata, &self->place, self->fd, 1);
	close(mem);
	close(fd);
}

static int crash(void *arg)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_CORE, &unlimited);
	/* All kinds of memory, including shared files. */
	attr_write("/proc/self/coredump_filter", "0x7f");
	touch(arg);
	abort();
}

/* The dump has the size of the program's memory, but no data of the buffer. */
TEST_F_TIMEOUT(mapped, core_dump, 60)
{
	static const char core[] = "/tmp/core.pcibuf";
	static const char mark[] = "what only the card may know: ";
	size_t at, length;
	char *dump;
	int fd;

	for (at = 0; at < variant->size; at += PAGE)
		memcpy(self->mem + at, mark, sizeof(mark));
	ASSERT_EQ(0, attr_write("/proc/sys/kernel/core_pattern", core));
	ASSERT_EQ(0, attr_write("/proc/sys/kernel/core_uses_pid", "0"));
	EXPECT_EQ(256 + SIGABRT, in_child(crash, self->mem));
	fd = open(core, O_RDONLY);
	ASSERT_LE(0, fd);
	length = lseek(fd, 0, SEEK_END);
	EXPECT_LT(16 * KIB, length);
	dump = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, dump);
	for (at = 0; at < variant->size; at += MIB + PAGE)
		EXPECT_EQ(NULL, memmem(dump, length, self->mem + at, PAGE));
	munmap(dump, length);
	close(fd);
	unlink(core);
}

static int register_range(int fd, const struct place *place, __u64 mode)
{
	struct uffdio_register range = {
		.range = { (unsigned long)place->mem, place->size },
		.mode = mode,
	};

	return ioctl(fd, UFFDIO_REGISTER, &range) ? errno : 0;
}

/* userfaultfd cannot handle the faults of a buffer. */
TEST_F_TIMEOUT(mapped, userfaultfd, 60)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		SKIP(return, "no userfaultfd in this kernel");
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	EXPECT_EQ(EINVAL, register_range(fd, &self->place,
					 UFFDIO_REGISTER_MODE_MISSING));
	EXPECT_NE(0, register_range(fd, &self->place,
				    UFFDIO_REGISTER_MODE_WP));
	EXPECT_NE(0, register_range(fd, &self->place, 4 /* MINOR */));
	close(fd);
	check_works(_metadata, &self->place, self->fd, 1);
}

/* Linux 6.7 and later: track writes without a process that handles the faults. */
#define FEATURE_WP_UNPOPULATED	0x2000
#define FEATURE_WP_ASYNC	0x8000

TEST_F_TIMEOUT(mapped, userfaultfd_write_protection, 60)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = FEATURE_WP_ASYNC | FEATURE_WP_UNPOPULATED,
	};
	struct uffdio_writeprotect protect = {
		.range = { (unsigned long)self->mem, variant->size },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    register_range(fd, &self->place, UFFDIO_REGISTER_MODE_WP))
		SKIP(return, "not in this kernel");
	EXPECT_EQ(0, ioctl(fd, UFFDIO_WRITEPROTECT, &protect));
	EXPECT_EQ(-1, mismatch(self->mem, variant->size, 0, 1));
	EXPECT_EQ(0, touch(self->mem + MIB));
	EXPECT_EQ(0, touch(self->mem + variant->size - 1));
	check_works(_metadata, &self->place, self->fd, 1);
	EXPECT_EQ(0, ioctl(fd, UFFDIO_WRITEPROTECT, &protect));
	close(fd);
	check_works(_metadata, &self->place, self->fd, 2);
}

TEST_HARNESS_MAIN
