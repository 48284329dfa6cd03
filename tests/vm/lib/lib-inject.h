/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Make each allocation behind a request fail, one after the other. The request either
 * returns ENOMEM and changes nothing, or succeeds without that allocation. Then the same
 * request succeeds. The same holds if all allocations fail from some point on. Comments
 * in the output tell the number of points. Needs a kernel with fault injection, and the
 * module's test build, which has a parameter for the steps to contiguous memory.
 */
#ifndef PCIBUF_TESTS_LIB_INJECT_H
#define PCIBUF_TESTS_LIB_INJECT_H

#include <kselftest_harness.h>

#include <sys/mman.h>

#include "lib.h"

#define STEPS		PARAM_DIR "/contig_steps"
#define ALL_STEPS	"7"

/* More than a huge page, so it has two parts, one of which is no power of two. */
#define ODD		(3 * MIB + 3 * PAGE)

#define NEVER		1000000		/* no request has so many */

struct op;

/* The objects that a request works with. */
struct rig {
	struct card card;
	const struct op *op;
	int file;		/* in sysfs, open: no path walk during a failure */
	char text[64];		/* to write to file */
	struct buf rx;
	int pipe[2];
	unsigned char *scratch;	/* ODD bytes, populated */
};

/* A request. Each function returns 0 or an errno. */
struct op {
	const char *name;
	const char *attr;	/* to write to, or to read */
	const char *text;
	size_t size;		/* of the buffer rx */
	size_t shift;		/* bytes of rx that are not mapped */
	bool parked;		/* park as much memory before */
	bool spare;		/* can succeed without any, in one backing at least */
	unsigned int first;	/* test only so many points before the last one, */
	unsigned int last;	/* or only the first so many; 0: all */
	int (*before)(struct rig *rig);
	int (*run)(struct rig *rig);
	int (*after)(struct rig *rig);
};

/*
 * Return the next point: one more, or a quarter more. Memory is large, and small at the
 * end.
 */
static unsigned int next(enum failing what, unsigned int n)
{
	switch (what) {
	case FAIL_ONE:
		return n + 1;
	case FAIL_PAGES:
		return n + n / 4 + 1;
	default:
		return n + n / 4 + 96;
	}
}

/* The refused request changed nothing, and last_error does not blame the platform. */
static void check_refused(struct __test_metadata *_metadata, struct rig *rig,
			  int err, const char *was)
{
	char *now = card_state(&rig->card), why[1024] = "";

	EXPECT_EQ(ENOMEM, err);
	EXPECT_STREQ(was, now);
	free(now);
	attr_read(card_attr(&rig->card, "last_error"), why, sizeof(why));
	EXPECT_EQ(NULL, strstr(why, "would copy")) {
		TH_LOG("%s", why);
	}
	EXPECT_EQ(0, rig->op->run(rig));
}

/* The results of a request, over all points. */
struct tally {
	unsigned int points;
	unsigned int refused;
	char *was;		/* the state before each request */
};

/* Return false if nothing failed or the test has failed. */
static bool try(struct __test_metadata *_metadata, struct rig *rig,
		enum failing what, unsigned int n, struct tally *tally)
{
	unsigned int failed;
	int err;

	ASSERT_EQ(0, rig->op->before(rig));
	if (!tally->was)
		tally->was = card_state(&rig->card);
	fail_begin(what, n);
	err = rig->op->run(rig);
	failed = fail_end(what);
	if (err && failed)
		check_refused(_metadata, rig, err, tally->was);
	else
		EXPECT_EQ(0, err);
	EXPECT_EQ(0, rig->op->after(rig));
	tally->points += !!failed;
	tally->refused += !!err;
	return failed && _metadata->passed;
}

static void sweep_one_way(struct __test_metadata *_metadata, struct rig *rig,
			  enum failing what, const char *words)
{
	unsigned int n = next(what, 0), last = 0;
	struct tally tally = { };

	if (what == FAIL_ONE && rig->op->first) {
		try(_metadata, rig, what, NEVER, &tally);
		n = fail_passed() - rig->op->first;
	}
	if (what == FAIL_ONE)
		last = rig->op->last;
	while (try(_metadata, rig, what, n, &tally) && n != last)
		n = next(what, n);
	if (!_metadata->passed)
		printf("# failed of %s, %s, at %u\n", rig->op->name, words, n);
	if (what == FAIL_ONE && !rig->op->spare)
		EXPECT_LT(0, tally.points);
	printf("# %s, %s: %u points, ENOMEM at %u\n", rig->op->name, words,
	       tally.points, tally.refused);
	free(tally.was);
}

static void sweep(struct __test_metadata *_metadata, struct rig *rig,
		  const struct op *op)
{
	rig->op = op;
	sweep_one_way(_metadata, rig, FAIL_ONE, "one allocation fails");
	if (op->first)
		return;
	sweep_one_way(_metadata, rig, FAIL_PAGES, "pages run out");
	sweep_one_way(_metadata, rig, FAIL_SLABS, "small memory runs out");
}

FIXTURE(inject) {
	struct rig rig;
	struct snapshot before;
	char max_total[64];
};

FIXTURE_SETUP(inject)
{
	struct rig *rig = &self->rig;

	ASSERT_EQ(0, card_get(0, &rig->card));
	ASSERT_EQ(0, attr_read(MAX_TOTAL, self->max_total,
			       sizeof(self->max_total)));
	ASSERT_EQ(0, pipe2(rig->pipe, O_CLOEXEC));
	rig->scratch = mmap(NULL, ODD, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, rig->scratch);
	snapshot(&rig->card, &self->before);
	ASSERT_EQ(0, fail_open());
}

/* No memory is left charged: a quota of one page is enough for one page. */
FIXTURE_TEARDOWN(inject)
{
	const struct card *card = &self->rig.card;

	fail_close();
	EXPECT_EQ(0, attr_write(STEPS, ALL_STEPS));
	EXPECT_EQ(0, card_reset(card));
	EXPECT_EQ(0, attr_write(MAX_TOTAL, "4K"));
	EXPECT_EQ(0, card_write(card, "alloc", "4K last"));
	EXPECT_EQ(0, card_write(card, "free", "0"));
	EXPECT_EQ(0, attr_write(MAX_TOTAL, self->max_total));
	EXPECT_EQ(0, snapshot_changes(card, &self->before));
}

/* Open a file to write @text to, or to read. */
static inline int ready(struct rig *rig, const char *path, int flags,
			const char *text)
{
	rig->file = open(path, flags | O_CLOEXEC);
	snprintf(rig->text, sizeof(rig->text), "%s", text);
	return rig->file < 0 ? errno : 0;
}

static inline int run_store(struct rig *rig)
{
	ssize_t length = strlen(rig->text);

	return pwrite(rig->file, rig->text, length, 0) == length ? 0 : errno;
}

/*
 * Where memory is parked, a freed buffer is parked as long as the card has another one.
 */
static inline int park(struct rig *rig)
{
	int err = card_write(&rig->card, "alloc", "4K held");

	if (!err)
		err = card_write(&rig->card, "alloc", "%zu old", rig->op->size);
	return err ? err : card_write(&rig->card, "free", "old");
}

static inline int unpark(struct rig *rig)
{
	return card_write(&rig->card, "free", "held");
}

static inline int after_bind(struct rig *rig)
{
	close(rig->file);
	return card_get(0, &rig->card);
}

#endif /* PCIBUF_TESTS_LIB_INJECT_H */
