// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of memory, relative to the kernel's own cost in the same guest: the time to
 * allocate 1 GiB of segments, and the time to fault in and clear 1 GiB of anonymous
 * memory in huge pages. Needs 3 GiB, and a guest whose time counts instructions: the
 * clock of a busy machine would hide even a doubled cost.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>

#include "lib.h"

#define SIZE	(1 * GIB)
#define ROUNDS	3
#define HUGETLB_PAGES	"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

FIXTURE(cost) {
	struct card card;
};

FIXTURE_SETUP(cost)
{
	if (slowness() > 1)
		SKIP(_exit(255), "this kernel takes time to check itself");
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	ASSERT_EQ(0, attr_write("/sys/kernel/mm/transparent_hugepage/enabled",
				"always"));
	ASSERT_EQ(0, attr_write("/sys/kernel/mm/transparent_hugepage/defrag",
				"always"));
}

FIXTURE_TEARDOWN(cost)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Touch each huge page once: the remaining time is the kernel's work. */
static double anonymous(struct __test_metadata *_metadata)
{
	unsigned char *area, *mem;
	double start, took;
	__u64 huge = 0;
	size_t at;

	area = mmap(NULL, SIZE + HUGE_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	mem = (void *)(((unsigned long)area + HUGE_PAGE - 1) & -HUGE_PAGE);
	start = seconds();
	for (at = 0; at < SIZE; at += HUGE_PAGE)
		mem[at] = 1;
	took = seconds() - start;
	EXPECT_EQ(0, mapping_figure(mem, "AnonHugePages:", &huge));
	EXPECT_LE(SIZE, huge);
	munmap(area, SIZE + HUGE_PAGE);
	return took;
}

static double timed(struct __test_metadata *_metadata, const struct card *card,
		    const char *attr, const char *words)
{
	double start = seconds();

	EXPECT_EQ(0, card_write(card, attr, "%s", words));
	return seconds() - start;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double *of)
{
	qsort(of, ROUNDS, sizeof(*of), by_size);
	return of[ROUNDS / 2];
}

/* The ratio is a half. If the memory was cleared twice, it would be one. */
TEST_F_TIMEOUT(cost, against_anonymous_memory, 240)
{
	double theirs[ROUNDS], ours[ROUNDS], ratio[ROUNDS];
	int i;

	/*
	 * Run once without measuring: the emulator gets its own memory at the first
	 * touch.
	 */
	anonymous(_metadata);
	for (i = 0; i < ROUNDS; i++) {
		theirs[i] = anonymous(_metadata);
		ours[i] = timed(_metadata, &self->card, "alloc_sg", "1G rx");
		ratio[i] = ours[i] / theirs[i];
		EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	}
	TH_LOG("1 GiB: anonymous %.0f ms, segments %.0f ms, ratio %.2f",
	       median(theirs) * 1000, median(ours) * 1000, median(ratio));
	EXPECT_GE(0.75, median(ratio));
}

/* The time to free 1 GiB, 512 MiB and 4 KiB: the cost is for each huge page. */
TEST_F_TIMEOUT(cost, freeing, 120)
{
	double whole[ROUNDS], half[ROUNDS], pages[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "1G rx"));
		whole[i] = timed(_metadata, &self->card, "free", "rx");
		EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "512M rx"));
		half[i] = timed(_metadata, &self->card, "free", "rx");
		EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "4K rx"));
		pages[i] = timed(_metadata, &self->card, "free", "rx");
	}
	TH_LOG("free of 1 GiB %.2f ms, 512 MiB %.2f ms, 4 KiB %.2f ms",
	       median(whole) * 1000, median(half) * 1000,
	       median(pages) * 1000);
	/*
	 * 512 huge pages: a microsecond each is enough. 262144 pages would exceed the
	 * limit.
	 */
	EXPECT_GT(0.02, median(whole) - median(pages));
}

/* A hugetlb page is reserved beforehand, so fallocate() does little but zero it. */
static double zeroing(struct __test_metadata *_metadata)
{
	double start, took;
	int fd;

	ASSERT_EQ(0, attr_write(HUGETLB_PAGES, "512"));
	fd = memfd_create("zeroed", MFD_HUGETLB);
	ASSERT_LE(0, fd);
	start = seconds();
	EXPECT_EQ(0, fallocate(fd, 0, 0, SIZE));
	took = seconds() - start;
	close(fd);
	ASSERT_EQ(0, attr_write(HUGETLB_PAGES, "0"));
	return took;
}

struct request {
	const char *attr;
	const char *words;
	double bytes;
	double most;
};

static double request_cost(struct __test_metadata *_metadata,
			   const struct card *card,
			   const struct request *request)
{
	double took[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		took[i] = timed(_metadata, card, request->attr, request->words);
		EXPECT_EQ(0, card_write(card, "free", "rx"));
	}
	return median(took);
}

/*
 * The time of an allocation, relative to the time in which the kernel zeroes as much
 * memory once. A small buffer costs its device, its directory and its node.
 */
TEST_F_TIMEOUT(cost, against_zeroing, 240)
{
	static const struct request requests[] = {
		{ "alloc", "4K rx", PAGE, 0 },
		{ "alloc", "2M rx", HUGE_PAGE, 0 },
		{ "alloc_sg", "1G rx", SIZE, 1.10 },
		{ "alloc", "1G rx", SIZE, 0 },
	};
	double zero, took;
	size_t i;

	zeroing(_metadata);
	zero = zeroing(_metadata);
	for (i = 0; i < ARRAY_SIZE(requests); i++) {
		took = request_cost(_metadata, &self->card, &requests[i]);
		TH_LOG("%s \"%s\": %.0f us, %.3f times zeroing it",
		       requests[i].attr, requests[i].words, took * 1e6,
		       took / (zero * requests[i].bytes / SIZE));
		if (requests[i].most)
			EXPECT_GE(requests[i].most, took / zero);
	}
}

TEST_HARNESS_MAIN
