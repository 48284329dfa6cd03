// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocate and free buffers of all sizes in random order, so that parked memory is split
 * and used again in every way. Each buffer is new, is zero, has the page that the card
 * is told, and shares no page with another buffer.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define MAX_LIVE	10
#define STEPS		400
#define MAX_SEGMENTS	512

struct live {
	struct buf buf;
	__u32 seed;
	char label[16];
};

FIXTURE(mixture) {
	struct card card;
	struct snapshot before;
	struct live live[MAX_LIVE];
	__u64 random;
};

FIXTURE_SETUP(mixture)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	self->random = 20260721;
}

FIXTURE_TEARDOWN(mixture)
{
	int i;

	for (i = 0; i < MAX_LIVE; i++)
		if (self->live[i].seed)
			buf_put(&self->live[i].buf);
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* The same numbers in each run, so that a failure repeats. */
static __u32 next_random(__u64 *state, __u32 below)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*state >> 33) % below;
}

/* Half of the sizes are around 2 MiB, where huge pages begin. The others are small. */
static size_t next_size(__u64 *state)
{
	__u32 pages = 1 + next_random(state, 64);

	if (next_random(state, 2))
		pages = 512 - 32 + pages;
	if (!next_random(state, 8))
		pages = 1 << next_random(state, 11);
	return pages * PAGE;
}

static void check_places(struct __test_metadata *_metadata,
			 const struct live *live)
{
	static struct pcibuf_segment segments[MAX_SEGMENTS];
	__u32 i, count = MAX_SEGMENTS;

	ASSERT_EQ(0, buf_segments(live->buf.fd, segments, 0, &count));
	for (i = 0; i < count; i++)
		EXPECT_EQ(-1, misplaced(live->buf.mem + segments[i].offset,
					segments[i].length,
					segments[i].dma_addr)) {
			TH_LOG("segment at %#llx", segments[i].offset);
		}
}

static void check_new(struct __test_metadata *_metadata, struct live *live)
{
	struct buf *buf = &live->buf;
	static unsigned char page[PAGE];
	size_t at;

	EXPECT_EQ(-1, nonzero(buf->mem, buf->size)) {
		TH_LOG("%s, %zu bytes", live->label, buf->size);
	}
	if (!iommu_translates() && !coherent_forced())
		check_places(_metadata, live);
	fill(buf->mem, buf->size, 0, live->seed);
	for (at = 0; at < buf->size; at += PAGE) {
		ASSERT_EQ((ssize_t)PAGE, pread(buf->fd, page, PAGE, at));
		ASSERT_EQ(-1, mismatch(page, PAGE, at, live->seed)) {
			TH_LOG("%s, %zu bytes, page at %#zx", live->label,
			       buf->size, at);
		}
	}
}

static void make(struct __test_metadata *_metadata, const struct card *card,
		 struct live *live, __u32 seed, __u64 *random)
{
	const char *how = next_random(random, 2) ? "alloc" : "alloc_sg";
	size_t size = next_size(random);
	int err;

	snprintf(live->label, sizeof(live->label), "m%u", seed);
	err = buf_make(card, how, size, live->label, &live->buf);
	ASSERT_EQ(0, err) {
		TH_LOG("%s %zu: %s", how, size, strerror(err));
	}
	live->seed = seed;
	check_new(_metadata, live);
}

static void drop(struct __test_metadata *_metadata, const struct card *card,
		 struct live *live)
{
	EXPECT_EQ(-1, mismatch(live->buf.mem, live->buf.size, 0, live->seed)) {
		TH_LOG("%s, %zu bytes", live->label, live->buf.size);
	}
	buf_put(&live->buf);
	EXPECT_EQ(0, card_write(card, "free", "%s", live->label));
	live->seed = 0;
}

TEST_F_TIMEOUT(mixture, all_sizes, 240)
{
	int i;

	for (i = 0; i < STEPS; i++) {
		struct live *live = &self->live[next_random(&self->random,
							    MAX_LIVE)];

		if (live->seed)
			drop(_metadata, &self->card, live);
		else
			make(_metadata, &self->card, live, i + 1,
			     &self->random);
	}
	for (i = 0; i < MAX_LIVE; i++)
		if (self->live[i].seed)
			drop(_metadata, &self->card, &self->live[i]);
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "allocated_bytes")));
}

/*
 * A parked huge page is used as a huge page or not at all. If it was used from its
 * middle, a mapping would show it from its beginning, and the page would never be freed.
 * The last huge page here is the last one that the card has, so that no later use hides
 * the error.
 */
TEST_F_TIMEOUT(mixture, no_large_page_is_cut, 60)
{
	static const __u64 sizes[] = {
		HUGE_PAGE - PAGE, HUGE_PAGE, PAGE, HUGE_PAGE, MIB + PAGE,
		HUGE_PAGE - 64 * KIB,
	};
	const struct card *card = &self->card;
	unsigned int i;

	ASSERT_EQ(0, card_write(card, "alloc", "4K held"));
	ASSERT_EQ(0, card_write(card, "alloc_sg", "4M one"));
	ASSERT_EQ(0, card_write(card, "alloc_sg", "4M two"));
	ASSERT_EQ(0, card_write(card, "alloc_sg", "4M three"));
	ASSERT_EQ(0, card_write(card, "free", "one"));
	ASSERT_EQ(0, card_write(card, "free", "two"));
	ASSERT_EQ(0, card_write(card, "free", "three"));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct live *live = &self->live[i];

		snprintf(live->label, sizeof(live->label), "m%u", i);
		ASSERT_EQ(0, buf_make(card, "alloc", sizes[i], live->label,
				      &live->buf));
		live->seed = i + 1;
		check_new(_metadata, live);
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_EQ(-1, mismatch(self->live[i].buf.mem, sizes[i], 0,
				       i + 1));
}

TEST_HARNESS_MAIN
