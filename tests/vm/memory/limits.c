// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users with access request more memory than there is, again and again. The result is
 * ENOMEM, and no other process is killed. (The runner looks for an OOM kill in the
 * kernel's log.) Needs a guest whose tests run in a cgroup other than the root.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "lib.h"

#define ROUNDS		8
#define BYSTANDERS	4
#define BYSTANDER_SIZE	(24 * MIB)

FIXTURE(limits) {
	struct card card;
	struct snapshot before;
	char cgroup[256];
	pid_t bystanders[BYSTANDERS];
};

/* Allocate and free memory all the time, outside of the cgroup. */
static void stand_by(void)
{
	attr_write("/sys/fs/cgroup/cgroup.procs", "0");
	for (;;) {
		char *mem = mmap(NULL, BYSTANDER_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (mem == MAP_FAILED)
			_exit(1);
		memset(mem, 1, BYSTANDER_SIZE);
		munmap(mem, BYSTANDER_SIZE);
		usleep(100000);
	}
}

FIXTURE_SETUP(limits)
{
	char line[128] = "";
	int i;

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	ASSERT_EQ(0, card_write(&self->card, "gid", "%d", GID_PCIBUF));
	ASSERT_EQ(0, attr_read("/proc/self/cgroup", line, sizeof(line)));
	snprintf(self->cgroup, sizeof(self->cgroup), "/sys/fs/cgroup%s",
		 line + 3);
	snapshot(&self->card, &self->before);
	fflush(stdout);
	for (i = 0; i < BYSTANDERS; i++) {
		self->bystanders[i] = fork();
		if (!self->bystanders[i])
			stand_by();
	}
}

FIXTURE_TEARDOWN(limits)
{
	int i, status;

	for (i = 0; i < BYSTANDERS; i++) {
		EXPECT_EQ(0, waitpid(self->bystanders[i], &status, WNOHANG));
		kill(self->bystanders[i], SIGKILL);
		waitpid(self->bystanders[i], &status, 0);
	}
	EXPECT_EQ(0, attr_write(pathf("%s/memory.max", self->cgroup), "max"));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

struct demand {
	const struct card *card;
	__u64 size;
	int rounds;
	int error;	/* the errno of a refusal */
};

/* Request both ways, again and again. Free every buffer that is allocated. */
static int ask(void *arg)
{
	static const char * const ways[] = { "alloc", "alloc_sg" };
	const struct demand *demand = arg;
	int i, err, refused = 0;

	for (i = 0; i < 2 * demand->rounds; i++) {
		err = card_write(demand->card, ways[i % 2], "%llu rx",
				 demand->size);
		if (err == demand->error)
			refused++;
		else if (err || card_write(demand->card, "free", "rx"))
			return 255;
	}
	return refused;
}

TEST_F_TIMEOUT(limits, more_than_the_machine_has, 120)
{
	struct demand demand = {
		&self->card, mem_total() * 2, ROUNDS, ENOMEM,
	};

	EXPECT_EQ(2 * ROUNDS, ask(&demand));
	EXPECT_EQ(2 * ROUNDS, as_user(UID_ALICE, GID_PCIBUF, ask, &demand));
	demand.size = mem_total() - 64 * MIB;
	EXPECT_EQ(2 * ROUNDS, as_user(UID_ALICE, GID_PCIBUF, ask, &demand));
}

/* Request the nominal memory of a guest of 1 GiB, by every user with access. */
static void check_gibibyte(struct __test_metadata *_metadata,
			   const struct card *card, int error)
{
	struct demand demand = { card, 1 * GIB, 100, error };

	EXPECT_EQ(200, ask(&demand));
	EXPECT_EQ(200, as_user(UID_ALICE, GID_PCIBUF, ask, &demand));
}

/* The quotas are larger, so that only the free memory limits the request. */
TEST_F_TIMEOUT(limits, a_gibibyte, 120)
{
	check_gibibyte(_metadata, &self->card, ENOMEM);
}

TEST_F_TIMEOUT(limits, a_gibibyte_over_the_quota, 120)
{
	char limit[64];

	ASSERT_EQ(0, attr_read(MAX_TOTAL, limit, sizeof(limit)));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "256M"));
	check_gibibyte(_metadata, &self->card, EDQUOT);
	EXPECT_EQ(0, attr_write(MAX_TOTAL, limit));
}

/* Request about all of the memory. The request may succeed or fail. */
TEST_F_TIMEOUT(limits, about_all_that_there_is, 240)
{
	struct demand demand = { &self->card, 0, 3, ENOMEM };
	int eighths, refused;

	for (eighths = 6; eighths <= 8; eighths++) {
		demand.size = mem_available() / 8 / MIB * MIB * eighths;
		refused = as_user(UID_ALICE, GID_PCIBUF, ask, &demand);
		EXPECT_LE(0, refused);
		EXPECT_GE(2 * demand.rounds, refused);
	}
}

/* A full cgroup does not affect the rest of the machine. */
TEST_F_TIMEOUT(limits, more_than_the_cgroup_has, 120)
{
	struct demand demand = {
		&self->card, 256 * MIB, ROUNDS, ENOMEM,
	};
	__u64 used = attr_u64(pathf("%s/memory.current", self->cgroup));
	int refused;

	ASSERT_EQ(0, attr_write(pathf("%s/memory.max", self->cgroup),
				pathf("%llu", used + 128 * MIB)));
	refused = as_user(UID_ALICE, GID_PCIBUF, ask, &demand);
	/* alloc_sg is always charged. A contiguous allocation is not. */
	EXPECT_LE(ROUNDS, refused);
	EXPECT_GE(2 * ROUNDS, refused);
}

/* Allocate buffers of a size until one is refused. Return the errno. */
static int fill_with(int alloc, const char *size)
{
	int most = 10000;

	while (write(alloc, size, strlen(size)) > 0)
		if (!--most)
			return 0;
	return errno;
}

/*
 * Fill the cgroup to the last page, and make requests that it has no room for. One
 * descriptor does for all of them: for a new file the kernel calls the OOM killer.
 */
static int fill_cgroup(void *arg)
{
	static const char * const sizes[] = { "1M", "64K", "4K" };
	int alloc = open(card_attr(arg, "alloc_sg"), O_WRONLY | O_CLOEXEC);
	int refused = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (fill_with(alloc, sizes[i]) != ENOMEM)
			_exit(1);
	for (i = 0; i < 2000; i++)
		refused += write(alloc, "4K", 2) < 0;
	/* The end of a program writes to its memory, for which there is no room. */
	_exit(refused < 1000);
}

/* The number of processes that the OOM killer has killed in the cgroup. */
static int oom_kills(const char *cgroup)
{
	char text[4096] = "", *at;

	attr_read(pathf("%s/memory.events", cgroup), text, sizeof(text));
	at = strstr(text, "oom_kill ");
	return at ? atoi(at + strlen("oom_kill ")) : -1;
}

/*
 * Where a cgroup is full, a request is refused: also where only its smallest part has
 * no room, such as the inode.
 */
TEST_F_TIMEOUT(limits, a_full_cgroup, 120)
{
	__u64 used = attr_u64(pathf("%s/memory.current", self->cgroup));

	ASSERT_EQ(0, attr_write(pathf("%s/memory.max", self->cgroup),
				pathf("%llu", used + 12 * MIB)));
	EXPECT_EQ(0, as_user(UID_ALICE, GID_PCIBUF, fill_cgroup, &self->card));
	EXPECT_EQ(0, oom_kills(self->cgroup));
}

/* Allocate the smallest buffers until one is refused, which is not for lack of memory. */
static int ask_small(void *arg)
{
	const struct card *card = arg;
	__u64 most = mem_total() / (128 * KIB);
	int err = 0;

	while (!err && most--)
		err = card_write(card, "alloc_sg", "4K");
	return err;
}

/*
 * The largest cost of a small buffer is its names, which the quota of bytes does not
 * count. Therefore the number of buffers is limited.
 */
TEST_F_TIMEOUT(limits, small_ones, 240)
{
	__u64 before = mem_available(), after, count;

	EXPECT_EQ(ENOSPC, as_user(UID_ALICE, GID_PCIBUF, ask_small,
				  &self->card));
	after = mem_available();
	count = attr_u64(card_attr(&self->card, "nr_buffers"));
	TH_LOG("%llu buffers of a page take %llu MiB, %llu bytes each", count,
	       (before - after) / MIB, (before - after) / count);
	EXPECT_LT(1000, count);
	/* A kernel that checks its memory needs more for each buffer. */
	EXPECT_GT(mem_total() / (slowness() == 1 ? 8 : 4), before - after);
	/* The kernel caches the names for later. This is no leak. */
	EXPECT_EQ(0, card_revoke_all(&self->card));
	EXPECT_EQ(0, attr_write("/proc/sys/vm/drop_caches", "2"));
}

TEST_HARNESS_MAIN
