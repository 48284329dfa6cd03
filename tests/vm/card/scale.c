// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card with 65,536 buffers: each operation on one buffer costs about the same as on a
 * card with 16 buffers, and all buffers end in a time that is in proportion to their
 * number. Needs 17 GiB, because the machine names one buffer for each 256 KiB; and a
 * guest whose time counts instructions: a busy machine would hide even a doubled cost.
 */
#include <kselftest_harness.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "lib.h"

#define FEW	16
#define SOME	4096
#define MANY	65536
#define ROUNDS	31

FIXTURE(scale) {
	struct card card;
};

FIXTURE_SETUP(scale)
{
	if (slowness() > 1)
		SKIP(_exit(255), "this kernel takes time to check itself");
	ASSERT_EQ(0, card_get(0, &self->card));
	/* Room for the buffers that a test adds for a moment. */
	ASSERT_EQ(0, card_write(&self->card, "max_buffers", "%d", MANY + 1));
}

FIXTURE_TEARDOWN(scale)
{
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Allocate buffers with the labels b0, b1, ... until the card has so many. */
static int grow(const struct card *card, unsigned int count)
{
	unsigned int i = attr_u64(card_attr(card, "nr_buffers"));
	int err = 0;

	for (; i < count && !err; i++)
		err = card_write(card, "alloc", "4K b%u", i);
	return err;
}

/* Operations on a card that has the buffers b0 to b15 and perhaps more. */
static int newest(const struct card *card)
{
	return card_write(card, "alloc", "4K new") ?:
	       card_write(card, "free", "new");
}

static int oldest(const struct card *card)
{
	return card_write(card, "free", "b0") ?:
	       card_write(card, "alloc", "4K b0");
}

static int by_node(const struct card *card)
{
	const char *node = strrchr(buf_node(card, "b3"), '/');

	return card_write(card, "free", "%s", node + 1) ?:
	       card_write(card, "alloc", "4K b3");
}

static int by_index(const struct card *card)
{
	char index[16];
	int err = attr_read(buf_attr(card, "b5", "index"), index, sizeof(index));

	return err ?: card_write(card, "free", "%s", index) ?:
	       card_write(card, "alloc", "4K b5");
}

static int nobody(const struct card *card)
{
	return card_write(card, "free", "nobody") != ENOENT ||
	       card_write(card, "alloc", "4K b7") != EEXIST;
}

/* A node of its own, because the kernel remembers what it found for a node. */
static int open_one(const struct card *card)
{
	struct stat st;
	int fd;

	if (stat(buf_node(card, "b7"), &st) ||
	    mknod("/node", S_IFCHR | 0600, st.st_rdev))
		return errno;
	fd = open("/node", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return unlink("/node") || fd < 0;
}

static const struct operation {
	const char *name;
	int (*run)(const struct card *card);
} operations[] = {
	{ "alloc and free of the newest", newest },
	{ "free of the oldest and alloc", oldest },
	{ "free by the node and alloc", by_node },
	{ "free by the index and alloc", by_index },
	{ "refused for the name", nobody },
	{ "open and close", open_one },
};

#define NR_OPERATIONS	(sizeof(operations) / sizeof(*operations))

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(struct __test_metadata *_metadata,
		     const struct card *card, const struct operation *operation)
{
	double took[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		double start = seconds();

		EXPECT_EQ(0, operation->run(card)) {
			TH_LOG("%s", operation->name);
		}
		took[i] = seconds() - start;
	}
	qsort(took, ROUNDS, sizeof(*took), by_size);
	return took[ROUNDS / 2];
}

/* Unbind, and return how long that took. @longest: of a look at the card meanwhile. */
static double end_all(struct __test_metadata *_metadata,
		      const struct card *card, double *longest)
{
	double begin = seconds(), start;
	int err, status = -1;
	char text[64];
	pid_t pid = fork();

	if (!pid)
		_exit(card_unbind(card));
	*longest = 0;
	do {
		start = seconds();
		err = attr_read(card_attr(card, "nr_buffers"), text,
				sizeof(text));
		if (seconds() - start > *longest)
			*longest = seconds() - start;
		usleep(1000);
	} while (!err);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	return seconds() - begin;
}

/* How long it takes to end SOME buffers. The card has none afterwards. */
static double end_some(struct __test_metadata *_metadata,
		       const struct card *card)
{
	double took, longest;

	EXPECT_EQ(0, grow(card, SOME));
	took = end_all(_metadata, card, &longest);
	EXPECT_EQ(0, card_bind(card));
	EXPECT_EQ(0, card_write(card, "max_buffers", "%d", MANY + 1));
	return took;
}

TEST_F_TIMEOUT(scale, one_of_many, 1800)
{
	double some = end_some(_metadata, &self->card);
	double few[NR_OPERATIONS], many, longest;
	unsigned int i;

	ASSERT_EQ(0, grow(&self->card, FEW));
	for (i = 0; i < NR_OPERATIONS; i++)
		few[i] = median(_metadata, &self->card, &operations[i]);
	ASSERT_EQ(0, grow(&self->card, MANY));
	for (i = 0; i < NR_OPERATIONS; i++) {
		many = median(_metadata, &self->card, &operations[i]);
		TH_LOG("%s: %.0f us among %d, %.0f us among %d",
		       operations[i].name, few[i] * 1e6, FEW, many * 1e6, MANY);
		EXPECT_GE(2, many / few[i]);
	}
	EXPECT_EQ(MANY, attr_u64(card_attr(&self->card, "nr_buffers")));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K last"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "4K more"));
	many = end_all(_metadata, &self->card, &longest);
	TH_LOG("unbind: %.2f s with %d, %.2f s with %d buffers", some, SOME,
	       many, MANY);
	TH_LOG("nr_buffers is read in %.1f ms at most meanwhile", longest * 1e3);
	EXPECT_GE(2 * MANY / SOME, many / some);
	EXPECT_GT(1, longest);
}

TEST_HARNESS_MAIN
