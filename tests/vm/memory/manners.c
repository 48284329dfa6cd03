// SPDX-License-Identifier: GPL-2.0-only
/*
 * A contiguous allocation makes way: for a signal, for the end of its card, for a machine
 * that goes to sleep, and for a real-time task that owns a processor. Needs two cards of 64
 * bits, two processors, no IOMMU, and the test build.
 */
#include <kselftest_harness.h>

#include <sched.h>
#include <sys/wait.h>

#include "lib.h"
#include "lib-sync.h"

#define STEPS		PARAM_DIR "/contig_steps"
#define CLAIM		"4"
#define RT_LIMIT	"/proc/sys/kernel/sched_rt_runtime_us"
#define PM_TEST		"/sys/power/pm_test"
#define PM_DELAY	"/sys/module/suspend/parameters/pm_test_delay"
#define PM_TIMEOUT	"/sys/power/pm_freeze_timeout"
#define FAIR_SERVER	"/sys/kernel/debug/sched/fair_server"
#define HOG_LASTS	20	/* seconds */
#define WITHIN		5.0	/* seconds, for what must end soon */

FIXTURE(manners) {
	struct card cards[2];
	struct snapshot before;
	char steps[16];
};

FIXTURE_SETUP(manners)
{
	int i;

	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, card_get(i, &self->cards[i]));
		ASSERT_EQ(0, card_write(&self->cards[i], "max_bytes", "1T"));
	}
	ASSERT_EQ(0, attr_read(STEPS, self->steps, sizeof(self->steps)));
	ASSERT_EQ(0, attr_write(STEPS, CLAIM));
	snapshot(&self->cards[0], &self->before);
}

FIXTURE_TEARDOWN(manners)
{
	int i;

	EXPECT_EQ(0, sync_point("slice", false));
	EXPECT_EQ(0, attr_write(STEPS, self->steps));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, card_reset(&self->cards[i]));
	EXPECT_EQ(0, snapshot_changes(&self->cards[0], &self->before));
}

static int ask(void *arg)
{
	return card_write(arg, "alloc", "256M rx");
}

static int unbind(void *arg)
{
	return card_unbind(arg);
}

/* Return whether the process has ended in time. */
static bool ends(const struct beside *beside)
{
	double end = seconds() + WITHIN;

	while (!is_done(beside) && seconds() < end)
		usleep(10000);
	return is_done(beside);
}

static bool told(const struct card *card, const char *words)
{
	char text[1024] = "";

	attr_read(card_attr(card, "last_error"), text, sizeof(text));
	if (strstr(text, words))
		return true;
	printf("# \"%s\" says nothing of \"%s\"\n", text, words);
	return false;
}

/* A request stands between its first slice and the second. */
static struct beside begin_slices(struct __test_metadata *_metadata,
				  struct card *card)
{
	struct beside asking;

	ASSERT_EQ(0, sync_point("slice", true));
	asking = begin(ask, card);
	ASSERT_TRUE(sync_point_is_reached("slice"));
	return asking;
}

TEST_F_TIMEOUT(manners, signal, 60)
{
	struct card *card = &self->cards[0];
	struct beside asking = begin_slices(_metadata, card);

	kill(asking.pid, SIGKILL);
	EXPECT_EQ(0, sync_point("slice", false));
	EXPECT_TRUE(ends(&asking));
	result(&asking);
	EXPECT_TRUE(told(card, "EINTR"));
	EXPECT_EQ(0, attr_u64(card_attr(card, "allocated_bytes")));
}

TEST_F_TIMEOUT(manners, end_of_the_card, 60)
{
	struct card *card = &self->cards[0];
	struct beside asking = begin_slices(_metadata, card);
	struct beside unbinding = begin(unbind, card);

	/* By then the card is marked, and the unbind waits for the request. */
	usleep(500000);
	EXPECT_FALSE(is_done(&unbinding));
	EXPECT_EQ(0, sync_point("slice", false));
	EXPECT_EQ(ENODEV, result(&asking));
	EXPECT_EQ(0, result(&unbinding));
	ASSERT_EQ(0, card_get(0, card));
	ASSERT_EQ(0, card_write(card, "max_bytes", "1T"));
}

/* Freeze all tasks, and thaw them. */
static int almost_sleep(void)
{
	int err = attr_write(PM_TEST, "freezer");

	if (!err)
		err = attr_write("/sys/power/state", "freeze");
	attr_write(PM_TEST, "none");
	return err;
}

/*
 * A task that stands at a sync point can be frozen. It keeps the machine's turn to search,
 * which another task waits for.
 */
TEST_F_TIMEOUT(manners, sleep, 90)
{
	struct beside searching, waiting;
	char text[1024] = "";

	if (access(PM_TEST, F_OK))
		SKIP(return, "this kernel cannot try to sleep");
	/* It warns, because a frozen task holds locks: here the sync point does. */
	if (slowness() > 1)
		SKIP(return, "this kernel checks its locks");
	ASSERT_EQ(0, attr_write(PM_DELAY, "1"));
	ASSERT_EQ(0, attr_write(PM_TIMEOUT, "3000"));
	searching = begin_slices(_metadata, &self->cards[0]);
	waiting = begin(ask, &self->cards[1]);
	usleep(300000);
	EXPECT_FALSE(is_done(&waiting));
	EXPECT_EQ(0, almost_sleep());
	EXPECT_FALSE(is_done(&waiting));
	/* The call began again, as if nothing had happened. */
	EXPECT_EQ(0, sync_point("slice", false));
	EXPECT_EQ(0, result(&searching));
	EXPECT_EQ(0, result(&waiting));
	EXPECT_EQ(0, attr_read(card_attr(&self->cards[1], "last_error"), text,
			       sizeof(text)));
	EXPECT_STREQ("", text);
	EXPECT_EQ(256 * MIB,
		  attr_u64(card_attr(&self->cards[1], "allocated_bytes")));
	EXPECT_EQ(0, card_write(&self->cards[1], "free", "rx"));
}

static int stay_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* Let no other task run on the second processor, nor a worker of the kernel. */
static int hog(void *arg)
{
	struct sched_param param = { .sched_priority = 99 };
	double end = seconds() + HOG_LASTS;

	(void)arg;
	if (stay_on(1) || sched_setscheduler(0, SCHED_FIFO, &param))
		return 1;
	while (seconds() < end)
		;
	return 0;
}

static void check_hogged(struct __test_metadata *_metadata, struct card *card)
{
	double start = seconds();
	struct beside asking = begin(ask, card);

	EXPECT_TRUE(ends(&asking));
	EXPECT_EQ(ENOMEM, result(&asking));
	TH_LOG("refused after %.1f s", seconds() - start);
	EXPECT_TRUE(told(card, "processor 1 does not answer"));
	asking = begin(ask, card);
	usleep(300000);
	start = seconds();
	kill(asking.pid, SIGKILL);
	EXPECT_TRUE(ends(&asking));
	TH_LOG("killed within %.1f s", seconds() - start);
	result(&asking);
}

TEST_F_TIMEOUT(manners, real_time_task, 90)
{
	struct card *card = &self->cards[0];
	char limit[32] = "";
	struct beside hogging;

	if (!access(FAIR_SERVER, F_OK))
		SKIP(return, "this kernel leaves other tasks a part of the time");
	ASSERT_EQ(0, stay_on(0));
	ASSERT_EQ(0, attr_read(RT_LIMIT, limit, sizeof(limit)));
	ASSERT_EQ(0, attr_write(RT_LIMIT, "-1"));
	hogging = begin(hog, NULL);
	usleep(300000);
	check_hogged(_metadata, card);
	/* What needs no other processor is still there. */
	EXPECT_EQ(0, attr_write(STEPS, self->steps));
	EXPECT_EQ(0, card_write(card, "alloc", "1M rx"));
	EXPECT_EQ(0, card_write(card, "alloc_sg", "16M sg"));
	EXPECT_FALSE(is_done(&hogging));
	kill(hogging.pid, SIGKILL);
	result(&hogging);
	EXPECT_EQ(0, attr_write(RT_LIMIT, limit));
	EXPECT_EQ(0, attr_write(STEPS, CLAIM));
	EXPECT_EQ(0, card_write(card, "alloc", "64M tx"));
}

TEST_HARNESS_MAIN
