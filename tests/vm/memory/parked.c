// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without an IOMMU, freed memory stays with the card while the card runs. The next
 * buffers of the card use it, whether it consists of huge pages, base pages or both.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define KEPT	(64 * KIB)

FIXTURE(parked) {
	struct card card;
};

/* One buffer stays, so that the card stays a bus master. */
FIXTURE_SETUP(parked)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "600M"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "%lu kept", KEPT));
}

FIXTURE_TEARDOWN(parked)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

FIXTURE_VARIANT(parked) {
	__u64 size;
};

FIXTURE_VARIANT_ADD(parked, page) {
	.size = PAGE,
};

FIXTURE_VARIANT_ADD(parked, single_pages) {
	.size = MIB + 3 * PAGE,
};

FIXTURE_VARIANT_ADD(parked, large_page) {
	.size = HUGE_PAGE,
};

FIXTURE_VARIANT_ADD(parked, large_and_single_pages) {
	.size = 5 * MIB + PAGE,
};

FIXTURE_VARIANT_ADD(parked, large_pages) {
	.size = 64 * MIB,
};

FIXTURE_VARIANT_ADD(parked, many_and_a_rest) {
	.size = 100 * MIB + 12 * KIB,
};

static __u64 allocated(const struct card *card)
{
	return attr_u64(card_attr(card, "allocated_bytes"));
}

/* The buffer is zero. Fill it with a pattern and free it: the next one is zero again. */
static void use(struct __test_metadata *_metadata, const struct card *card,
		const char *how, __u64 size)
{
	struct buf buf;

	ASSERT_EQ(0, buf_make(card, how, size, "again", &buf));
	EXPECT_EQ(-1, nonzero(buf.mem, size));
	fill(buf.mem, size, 0, 7);
	EXPECT_EQ(-1, mismatch(buf.mem, size, 0, 7));
	buf_put(&buf);
	ASSERT_EQ(0, card_write(card, "free", "again"));
}

/* Parked memory counts like a buffer. It does not grow when it is used again. */
static void use_again(struct __test_metadata *_metadata,
		      const struct card *card, const char *how, __u64 size)
{
	__u64 parked = iommu_translates() ? 0 : size;
	int i;

	for (i = 0; i < 3; i++) {
		use(_metadata, card, how, size);
		EXPECT_EQ(KEPT + parked, allocated(card)) {
			TH_LOG("%s, round %d", how, i);
		}
	}
}

TEST_F_TIMEOUT(parked, contiguous_again, 120)
{
	if (variant->size > 4 * MIB && !any_size())
		SKIP(return, "as large as one block at the most");
	use_again(_metadata, &self->card, "alloc", variant->size);
}

TEST_F_TIMEOUT(parked, segments_again, 120)
{
	if (variant->size > 4 * MIB && !any_size())
		SKIP(return, "as large as one block at the most");
	use_again(_metadata, &self->card, "alloc_sg", variant->size);
}

/* A smaller buffer takes a part, and the rest serves the next buffer. */
TEST_F_TIMEOUT(parked, in_parts, 120)
{
	__u64 half = variant->size / 2 / HUGE_PAGE * HUGE_PAGE;
	struct buf first, second;

	if (!half || !any_size() || alloc_is_coherent(&self->card))
		SKIP(return, "nothing to divide, or never divided");
	use(_metadata, &self->card, "alloc", variant->size);
	ASSERT_EQ(0, buf_make(&self->card, "alloc", half, "first", &first));
	ASSERT_EQ(0, buf_make(&self->card, "alloc", half, "second", &second));
	fill(first.mem, half, 0, 1);
	fill(second.mem, half, 0, 2);
	EXPECT_EQ(-1, mismatch(first.mem, half, 0, 1));
	EXPECT_EQ(-1, mismatch(second.mem, half, 0, 2));
	EXPECT_EQ(KEPT + (iommu_translates() ? 2 * half : variant->size),
		  allocated(&self->card));
	buf_put(&first);
	buf_put(&second);
}

/* Parked memory that is too short for a buffer: the words of EDQUOT tell of it. */
TEST_F(parked, words_tell)
{
	__u64 size = variant->size;
	char words[512], parked[64];

	if (size > 4 * MIB && !any_size())
		SKIP(return, "as large as one block at the most");
	snprintf(parked, sizeof(parked), "; %llu bytes are parked until",
		 (unsigned long long)size);
	ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "%llu rx",
				(unsigned long long)size));
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "%llu",
				(unsigned long long)(KEPT + size)));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg", "%llu rx",
				     (unsigned long long)(size + PAGE)));
	ASSERT_EQ(0, attr_read(card_attr(&self->card, "last_error"), words,
			       sizeof(words)));
	EXPECT_EQ(!iommu_translates(), !!strstr(words, parked)) {
		TH_LOG("%s", words);
	}
}

/* Memory that is parked beside a small buffer, under a quota with no room for more. */
FIXTURE(reuse) {
	struct card card;
	__u64 parked;
};

#define PARKED	(16 * MIB)

FIXTURE_SETUP(reuse)
{
	self->parked = any_size() ? PARKED : 4 * MIB;
	ASSERT_EQ(0, card_get(0, &self->card));
	if (iommu_translates())
		SKIP(return, "nothing is parked");
	ASSERT_EQ(0, card_write(&self->card, "alloc", "%lu kept", KEPT));
	use(_metadata, &self->card, "alloc", self->parked);
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "%llu",
				KEPT + self->parked));
}

FIXTURE_TEARDOWN(reuse)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Make @nr buffers, each with its own contents, and free them. */
static void use_many(struct __test_metadata *_metadata, struct card *card,
		     const char *how, __u64 size, unsigned int nr)
{
	struct buf bufs[16];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		ASSERT_EQ(0, buf_make(card, how, size, pathf("b%u", i),
				      &bufs[i])) {
			TH_LOG("%s, buffer %u of %u", how, i, nr);
		}
		EXPECT_EQ(-1, nonzero(bufs[i].mem, size));
		fill(bufs[i].mem, size, 0, i);
	}
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(-1, mismatch(bufs[i].mem, size, 0, i));
		buf_put(&bufs[i]);
		EXPECT_EQ(0, card_write(card, "free", "b%u", i));
	}
}

/* Each buffer uses a part of a huge page; all are there again afterwards. */
TEST_F_TIMEOUT(reuse, smaller, 60)
{
	unsigned int i, nr = self->parked / HUGE_PAGE;

	for (i = 0; i < 2; i++) {
		use_many(_metadata, &self->card, "alloc", MIB, nr);
		EXPECT_EQ(KEPT + self->parked, allocated(&self->card));
		use_many(_metadata, &self->card, "alloc_sg", MIB + PAGE, nr);
		use_many(_metadata, &self->card, "alloc_sg", PAGE, nr);
		use_many(_metadata, &self->card, "alloc", 2 * PAGE, nr);
		EXPECT_EQ(KEPT + self->parked, allocated(&self->card));
	}
	use_many(_metadata, &self->card, "alloc", self->parked, 1);
}

/* A buffer that ends within a huge page, and pieces that are joined again. */
TEST_F_TIMEOUT(reuse, any_end, 60)
{
	__u64 size = self->parked - HUGE_PAGE + 5 * PAGE;

	use_many(_metadata, &self->card, "alloc", size, 1);
	use_many(_metadata, &self->card, "alloc_sg", size, 1);
	use_many(_metadata, &self->card, "alloc", HUGE_PAGE,
		 self->parked / HUGE_PAGE);
	use_many(_metadata, &self->card, "alloc", self->parked, 1);
	EXPECT_EQ(KEPT + self->parked, allocated(&self->card));
}

/* What does not fit is refused, and the rest is not touched. */
TEST_F(reuse, larger)
{
	char words[512] = "";

	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "%llu rx",
				     self->parked + HUGE_PAGE));
	ASSERT_EQ(0, attr_read(card_attr(&self->card, "last_error"), words,
			       sizeof(words)));
	EXPECT_NE(NULL, strstr(words, " bytes are parked until"));
	use_many(_metadata, &self->card, "alloc", self->parked - HUGE_PAGE, 1);
}

/* Everything is given back with the last buffer, also what was cut. */
TEST_F(reuse, ends)
{
	struct buf buf;

	ASSERT_EQ(0, buf_make(&self->card, "alloc", MIB, "rx", &buf));
	ASSERT_EQ(0, card_write(&self->card, "free", "kept"));
	buf_put(&buf);
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, allocated(&self->card));
}

TEST_HARNESS_MAIN
