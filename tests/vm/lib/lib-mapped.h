/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fixture for several programs: one buffer, mapped whole and filled, in each kind of
 * mapping. When a test ends, all its changes to the mapping end too, and nothing may be
 * left.
 */
#ifndef PCIBUF_TESTS_LIB_MAPPED_H
#define PCIBUF_TESTS_LIB_MAPPED_H

#include <kselftest_harness.h>

#include "lib.h"

#define SIZE	(5 * MIB + 3 * PAGE)	/* two huge pages and a tail */

FIXTURE(mapped) {
	struct card card;
	struct snapshot before;
	int fd;
	struct place place;
	unsigned char *mem;	/* that of place */
};

FIXTURE_VARIANT(mapped) {
	const char *how;
	size_t size;
	size_t shift;		/* from an address that fits huge pages */
	__u64 large;		/* bytes that huge pages map */
};

FIXTURE_VARIANT_ADD(mapped, large_pages) {
	.how = "alloc_sg", .size = SIZE, .large = 4 * MIB,
};

FIXTURE_VARIANT_ADD(mapped, out_of_step) {
	.how = "alloc_sg", .size = SIZE, .shift = 5 * PAGE,
};

/* Contiguous: one huge page and 256 base pages. */
FIXTURE_VARIANT_ADD(mapped, single_pages) {
	.how = "alloc", .size = 3 * MIB, .large = 2 * MIB,
};

FIXTURE_SETUP(mapped)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
	if (variant->size > 4 * MIB && !any_size())
		SKIP(_exit(255), "no such size without an IOMMU");
	ASSERT_EQ(0, card_write(&self->card, variant->how, "%zu rx",
				variant->size));
	self->fd = buf_open(&self->card, "rx", O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, place_map(&self->place, self->fd, variant->size,
			       variant->shift, 0));
	self->mem = self->place.mem;
	fill(self->mem, variant->size, 0, 1);
}

FIXTURE_TEARDOWN(mapped)
{
	place_drop(&self->place);
	close(self->fd);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	EXPECT_EQ(0, card_reset(&self->card));
}

/* The mapping and the file both hold pattern @seed. */
static inline void check_holds(struct __test_metadata *_metadata,
			       const struct place *place, int fd, __u32 seed)
{
	EXPECT_EQ(-1, mismatch(place->mem, place->size, 0, seed));
	EXPECT_TRUE(file_holds(fd, place->size, seed));
}

/* The mapping and the file hold @seed, and then new data everywhere. */
static inline void check_works(struct __test_metadata *_metadata,
			       const struct place *place, int fd, __u32 seed)
{
	check_holds(_metadata, place, fd, seed);
	fill(place->mem, place->size, 0, seed + 1);
	check_holds(_metadata, place, fd, seed + 1);
}

#endif /* PCIBUF_TESTS_LIB_MAPPED_H */
