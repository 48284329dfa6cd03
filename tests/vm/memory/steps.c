// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each step to contiguous memory alone, in memory with data of earlier users, and the
 * reason if no step succeeds. Needs a guest without an IOMMU and the module's test
 * build, which can leave steps out.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>

#include "lib.h"

#define STEPS		PARAM_DIR "/contig_steps"
#define BLOCK		"1"
#define NEIGHBOURS	"2"
#define CLAIM		"4"

FIXTURE(steps) {
	struct card card;
	struct snapshot before;
	char steps[16];
};

/* Fill free memory, so that its pages are not zero. */
static int soil(void *arg)
{
	size_t at, size = mem_free() / 4 * 3 / HUGE_PAGE * HUGE_PAGE;
	__u64 *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		return 1;
	madvise(mem, size, MADV_HUGEPAGE);
	for (at = 0; at < size / sizeof(*mem); at += 16)
		mem[at] = ~(__u64)0;
	return *(int *)arg;
}

FIXTURE_SETUP(steps)
{
	int done = 0;

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, attr_read(STEPS, self->steps, sizeof(self->steps)));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	ASSERT_EQ(0, in_child(soil, &done));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(steps)
{
	EXPECT_EQ(0, attr_write(STEPS, self->steps));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* The buffer is one segment, is zero, and is at its bus address. */
static void check_made(struct __test_metadata *_metadata,
		       const struct card *card, size_t size)
{
	struct buf rx;
	__u64 bus;

	ASSERT_EQ(0, buf_make(card, "alloc", size, "rx", &rx)) {
		char text[1024] = "";

		attr_read(card_attr(card, "last_error"), text, sizeof(text));
		TH_LOG("%zu bytes: %s", size, text);
	}
	bus = attr_u64(buf_attr(card, "rx", "dma_addr"));
	EXPECT_EQ(1, attr_u64(buf_attr(card, "rx", "nr_segments")));
	EXPECT_EQ(size, attr_u64(buf_attr(card, "rx", "size")));
	EXPECT_EQ(-1, nonzero(rx.mem, size));
	EXPECT_EQ(-1, displaced(rx.mem, size, bus)) {
		TH_LOG("%zu bytes at %#llx", size, bus);
	}
	memset(rx.mem, 0xa5, size);
	buf_put(&rx);
	EXPECT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(0, attr_u64(card_attr(card, "allocated_bytes")));
}

TEST_F_TIMEOUT(steps, block, 60)
{
	ASSERT_EQ(0, attr_write(STEPS, BLOCK));
	check_made(_metadata, &self->card, PAGE);
	check_made(_metadata, &self->card, 3 * PAGE);
	check_made(_metadata, &self->card, 2 * MIB);
	/*
	 * More than a block can only come from the kernel's reserve for contiguous
	 * memory (CMA).
	 */
	EXPECT_EQ(cma_exists() ? 0 : ENOMEM,
		  card_write(&self->card, "alloc", "8M rx"));
}

static const size_t sizes[] = {
	HUGE_PAGE + PAGE, 4 * MIB, 6 * MIB, 8 * MIB + PAGE, 33 * MIB + 3 * PAGE,
	128 * MIB, 256 * MIB,
};

/*
 * This step moves nothing, so it is luck whether the largest sizes find enough huge
 * pages.
 */
TEST_F_TIMEOUT(steps, neighbours, 60)
{
	size_t i;

	ASSERT_EQ(0, attr_write(STEPS, NEIGHBOURS));
	for (i = 0; sizes[i] < 64 * MIB; i++)
		check_made(_metadata, &self->card, sizes[i]);
}

TEST_F_TIMEOUT(steps, claim, 60)
{
	size_t i;

	ASSERT_EQ(0, attr_write(STEPS, CLAIM));
	check_made(_metadata, &self->card, PAGE);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		check_made(_metadata, &self->card, sizes[i]);
}

/* Several buffers of every size at the same time share no page. */
TEST_F_TIMEOUT(steps, apart, 120)
{
	struct buf buf[ARRAY_SIZE(sizes)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		bool free_ones = i % 2 && sizes[i] < 64 * MIB;

		ASSERT_EQ(0, attr_write(STEPS, free_ones ? NEIGHBOURS : CLAIM));
		ASSERT_EQ(0, buf_make(&self->card, "alloc", sizes[i],
				      pathf("r%zu", i), &buf[i])) {
			TH_LOG("%zu bytes, of %llu MiB free", sizes[i],
			       mem_free() / MIB);
		}
		fill(buf[i].mem, sizes[i] / 8, 0, i);
		fill(buf[i].mem + sizes[i] - PAGE, PAGE, 0, i);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-1, mismatch(buf[i].mem, sizes[i] / 8, 0, i));
		EXPECT_EQ(-1, mismatch(buf[i].mem + sizes[i] - PAGE, PAGE, 0,
				       i));
		buf_put(&buf[i]);
	}
}

static bool told(const char *text, const char *word)
{
	if (strstr(text, word))
		return true;
	printf("# \"%s\" says nothing of %s\n", text, word);
	return false;
}

/*
 * last_error names the request, the card's limits, the steps that were tried, and the
 * remedies. No zone has that much contiguous memory below 28 bits: the first zone ends
 * at 16 MiB.
 */
TEST_F_TIMEOUT(steps, reason, 60)
{
	static const char * const words[] = {
		"alloc \"250M rx\"", "ENOMEM", "mask 28 bits", "no IOMMU",
		"neighbour", "range", "alloc_sg", "an IOMMU", "earlier",
		"wider mask",
	};
	char text[1024] = "";
	size_t i;

	if (fewest_bits() > 28)
		SKIP(return, "no mask here that reaches only a little memory");
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "28"));
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc", "250M rx"));
	ASSERT_EQ(0, attr_read(card_attr(&self->card, "last_error"), text,
			       sizeof(text)));
	for (i = 0; i < ARRAY_SIZE(words); i++)
		EXPECT_TRUE(told(text, words[i]));
	EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "64M rx"));
}

/* Repeated requests do not fill the log. */
TEST_F_TIMEOUT(steps, log, 60)
{
	int i, lines;

	for (i = 0; i < 100; i++)
		EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc",
					     "900G logged"));
	lines = lines_with("logged");
	EXPECT_LE(1, lines);
	EXPECT_GE(20, lines);
	EXPECT_LE(1, lines_with("900G logged"));
	EXPECT_EQ(0, lines_with("pcibuf: TEST:"));
}

TEST_HARNESS_MAIN
