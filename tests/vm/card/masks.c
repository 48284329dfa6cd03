// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cards that do not drive all address bits, in a machine with memory beyond their reach.
 * For every width, a buffer is below the mask and no transfer is bounced. Needs an
 * edu:64, an edu and an edu:32 in this order, and 6 GiB of memory.
 */
#include <kselftest_harness.h>

#include <stdio.h>

#include "lib.h"

#define MIN_BITS	24

/* A card, and what is needed for a transfer by it. */
struct rig {
	struct card card;
	struct reach reach;
};

FIXTURE(masks) {
	struct rig rig;
	__u64 bounced;
};

static int rig_up(struct rig *rig, unsigned int nth, unsigned int bits)
{
	int err = card_get(nth, &rig->card);

	if (!err)
		err = card_write(&rig->card, "dma_mask_bits", "%u", bits);
	if (!err)
		err = card_write(&rig->card, "max_bytes", "1T");
	if (!err)
		err = reach_open(&rig->card, &rig->reach);
	return err;
}

static int rig_down(struct rig *rig)
{
	reach_close(&rig->reach);
	return card_reset(&rig->card);
}

FIXTURE_SETUP(masks)
{
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	self->bounced = bounced();
}

FIXTURE_TEARDOWN(masks)
{
	EXPECT_EQ(self->bounced, bounced());
	EXPECT_EQ(0, lines_with("swiotlb buffer is full"));
}

static void check_segment(struct __test_metadata *_metadata, struct rig *rig,
			  struct buf *buf, const struct pcibuf_segment *segment,
			  unsigned int bits)
{
	__u64 last = segment->length - 1, bus = segment->dma_addr;
	unsigned char *mem = buf->mem + segment->offset;

	EXPECT_EQ(0, bits < 64 ? (bus + last) >> bits : 0) {
		TH_LOG("%#llx of %#llx bytes is beyond %u bits", bus,
		       segment->length, bits);
	}
	if (!iommu_translates())
		EXPECT_EQ(-1, misplaced(mem, segment->length, bus));
	EXPECT_EQ(0, reaches(&rig->reach, bus, mem));
	EXPECT_EQ(0, reaches(&rig->reach, bus + last, mem + last));
}

/* Check the addresses of all segments, and some of the segments by DMA. */
static void check_buffer(struct __test_metadata *_metadata, struct rig *rig,
			 const char *how, size_t size, unsigned int bits)
{
	struct pcibuf_segment *segments;
	__u32 i, count = 0;
	struct buf rx;

	ASSERT_EQ(0, buf_make(&rig->card, how, size, "rx", &rx)) {
		char text[1024] = "";

		attr_read(card_attr(&rig->card, "last_error"), text,
			  sizeof(text));
		TH_LOG("%s %zu with %u bits: %s", how, size, bits, text);
	}
	segments = segments_of(rx.fd, &count);
	ASSERT_NE(NULL, segments);
	EXPECT_LE(1, count);
	for (i = 0; i < count; i++) {
		__u64 end = segments[i].dma_addr + segments[i].length - 1;

		EXPECT_EQ(0, bits < 64 ? end >> bits : 0);
	}
	check_segment(_metadata, rig, &rx, &segments[0], bits);
	if (count > 1)
		check_segment(_metadata, rig, &rx, &segments[count - 1], bits);
	free(segments);
	buf_put(&rx);
	EXPECT_EQ(0, card_write(&rig->card, "free", "rx"));
}

/* Return the number of pages ever taken from the page allocator. */
static __u64 pages_taken(void)
{
	FILE *file = fopen("/proc/vmstat", "re");
	unsigned long long value, sum = 0;
	char name[64];

	while (file && fscanf(file, "%63s %llu", name, &value) == 2)
		if (!strncmp(name, "pgalloc_", strlen("pgalloc_")))
			sum += value;
	if (file)
		fclose(file);
	return sum;
}

/* The driver does not search for more memory than the mask has addresses. */
static void check_beyond(struct __test_metadata *_metadata, struct card *card,
			 const char *how, const char *size)
{
	__u64 before = pages_taken();

	/* The kernels that are built for tests do not count events. */
	EXPECT_TRUE(before || slowness() > 1);
	EXPECT_EQ(ENOMEM, card_write(card, how, "%s", size));
	EXPECT_GT(16 * MIB / PAGE, pages_taken() - before);
}

/* A card with 28 address bits can use the first 256 MiB of memory only. */
TEST_F_TIMEOUT(masks, card_of_28_bits, 120)
{
	if (fewest_bits() > 28)
		SKIP(return, "28 bits reach no memory here");
	ASSERT_EQ(0, rig_up(&self->rig, 1, 28));
	check_buffer(_metadata, &self->rig, "alloc", 64 * MIB, 28);
	check_buffer(_metadata, &self->rig, "alloc_sg", 64 * MIB + PAGE, 28);
	check_beyond(_metadata, &self->rig.card, "alloc_sg", "257M");
	check_beyond(_metadata, &self->rig.card, "alloc", "257M");
	EXPECT_EQ(0, rig_down(&self->rig));
}

TEST_F_TIMEOUT(masks, card_of_32_bits, 120)
{
	ASSERT_EQ(0, rig_up(&self->rig, 2, 32));
	check_buffer(_metadata, &self->rig, "alloc", 512 * MIB, 32);
	check_buffer(_metadata, &self->rig, "alloc_sg", 1 * GIB + PAGE, 32);
	EXPECT_EQ(0, rig_down(&self->rig));
}

/* The memory below a mask is not all free, so ask for a part: 24 bits are 16 MiB. */
static size_t size_for(unsigned int bits)
{
	return bits < 28 ? 1UL << (bits - 5) : 16 * MIB + PAGE;
}

/* The width works, or is refused with a reason. */
static void check_width(struct __test_metadata *_metadata, struct rig *rig,
			unsigned int bits)
{
	char text[1024] = "";
	int err = card_write(&rig->card, "dma_mask_bits", "%u", bits);

	if (err) {
		EXPECT_EQ(EINVAL, err);
		attr_read(card_attr(&rig->card, "last_error"), text,
			  sizeof(text));
		EXPECT_NE(NULL, strstr(text, "EINVAL"));
		TH_LOG("%u bits: %s", bits, text);
		return;
	}
	EXPECT_EQ(bits, attr_u64(card_attr(&rig->card, "dma_mask_bits")));
	ASSERT_EQ(0, reach_open(&rig->card, &rig->reach));
	EXPECT_EQ(0, bits < 64 ? rig->reach.bus >> bits : 0);
	check_buffer(_metadata, rig, "alloc", size_for(bits), bits);
	check_buffer(_metadata, rig, "alloc_sg", size_for(bits) + PAGE, bits);
	reach_close(&rig->reach);
	EXPECT_EQ(0, card_revoke_all(&rig->card));
}

/* Widths that the attribute accepts. These are not all, for lack of time. */
TEST_F_TIMEOUT(masks, widths, 240)
{
	static const unsigned int widths[] = {
		24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 36, 40, 48, 63, 64,
	};
	struct rig *rig = &self->rig;
	size_t i;

	ASSERT_EQ(0, card_get(0, &rig->card));
	for (i = 0; i < ARRAY_SIZE(widths); i++)
		check_width(_metadata, rig, widths[i]);
	EXPECT_EQ(0, card_reset(&rig->card));
}

/* Use the cards one after the other. A mask belongs to a card, not to the module. */
TEST_F_TIMEOUT(masks, cards_side_by_side, 120)
{
	const unsigned int bits[] = { 64, fewest_bits() > 28 ? 32 : 28, 32 };
	struct rig rigs[ARRAY_SIZE(bits)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		ASSERT_EQ(0, rig_up(&rigs[i], i, bits[i]));
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		check_buffer(_metadata, &rigs[i], "alloc_sg", 24 * MIB,
			     bits[i]);
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		EXPECT_EQ(0, rig_down(&rigs[i]));
}

TEST_HARNESS_MAIN
