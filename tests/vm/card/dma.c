// SPDX-License-Identifier: GPL-2.0-only
/* A card does real DMA in both directions at the bus addresses that the driver gives. */
#include <kselftest_harness.h>

#include "lib.h"

#define SMALL		(64 * KIB)
#define HALF		(16 * KIB)
#define MARK		64	/* bytes of a transfer at an edge */
#define MAX_SEGMENTS	64
#define MAX_BLOCKS	320

/* A card, and a page that it reaches, as the other end of each transfer. */
struct rig {
	struct card card;
	struct edu edu;
	struct snapshot before;
	struct buf probe;
	__u64 probe_bus;
};

FIXTURE(dma) {
	struct rig rig;
};

static int make_probe(struct rig *rig)
{
	int err = buf_make(&rig->card, "alloc", PAGE, "probe", &rig->probe);

	rig->probe_bus = attr_u64(buf_attr(&rig->card, "probe", "dma_addr"));
	return err;
}

FIXTURE_SETUP(dma)
{
	struct rig *rig = &self->rig;

	ASSERT_EQ(0, card_get(0, &rig->card));
	ASSERT_EQ(0, edu_open(&rig->card, &rig->edu));
	snapshot(&rig->card, &rig->before);
	ASSERT_EQ(0, make_probe(rig));
}

FIXTURE_TEARDOWN(dma)
{
	struct rig *rig = &self->rig;

	edu_close(&rig->edu);
	buf_put(&rig->probe);
	EXPECT_EQ(0, card_reset(&rig->card));
	EXPECT_EQ(0, snapshot_changes(&rig->card, &rig->before));
}

/* Copy from @mem, which is @bus for the card, to the probe page. The data must arrive. */
static void check_fetch(struct __test_metadata *_metadata, struct rig *rig,
			unsigned char *mem, __u64 bus, __u32 seed)
{
	fill(mem, MARK, 0, seed);
	memset(rig->probe.mem, 0, PAGE);
	ASSERT_EQ(0, edu_copy(&rig->edu, bus, rig->probe_bus, MARK));
	EXPECT_EQ(-1, mismatch(rig->probe.mem, MARK, 0, seed)) {
		TH_LOG("memory to card, bus address %#llx", bus);
	}
}

/* Copy from the probe page to @mem. The bytes beside the range must not change. */
static void check_store(struct __test_metadata *_metadata, struct rig *rig,
			unsigned char *mem, __u64 bus, __u32 seed)
{
	fill(rig->probe.mem, MARK, 0, seed);
	memset(mem, 0x5a, MARK);
	ASSERT_EQ(0, edu_copy(&rig->edu, rig->probe_bus, bus + 1, MARK - 2));
	EXPECT_EQ(-1, mismatch(mem + 1, MARK - 2, 0, seed)) {
		TH_LOG("card to memory, bus address %#llx", bus);
	}
	EXPECT_EQ(0x5a, mem[0]);
	EXPECT_EQ(0x5a, mem[MARK - 1]);
}

/* Write the first or the last byte of a range, which check_store() leaves alone. */
static void check_byte(struct __test_metadata *_metadata, struct rig *rig,
		       unsigned char *mem, __u64 bus, unsigned char value)
{
	rig->probe.mem[0] = value;
	*mem = ~value;
	ASSERT_EQ(0, edu_copy(&rig->edu, rig->probe_bus, bus, 1));
	EXPECT_EQ(value, *mem);
}

static void check_range(struct __test_metadata *_metadata, struct rig *rig,
			unsigned char *map, const struct pcibuf_segment *range)
{
	__u64 bus = range->dma_addr, last = range->length - MARK;
	unsigned char *mem = map + range->offset;
	__u32 seed = range->offset / PAGE;

	check_fetch(_metadata, rig, mem, bus, seed + 1);
	check_store(_metadata, rig, mem, bus, seed + 2);
	check_byte(_metadata, rig, mem, bus, 0xc3);
	mem += last;
	bus += last;
	check_fetch(_metadata, rig, mem, bus, seed + 3);
	check_store(_metadata, rig, mem, bus, seed + 4);
	check_byte(_metadata, rig, mem + MARK - 1, bus + MARK - 1, 0x3c);
}

TEST_F_TIMEOUT(dma, address_from_sysfs_at_once, 60)
{
	struct pcibuf_segment all = { .length = SMALL };
	struct rig *rig = &self->rig;
	struct buf rx;

	/* Do not wait between the write to alloc and the read of dma_addr. */
	ASSERT_EQ(0, card_write(&rig->card, "alloc", "64K rx\n"));
	all.dma_addr = attr_u64(buf_attr(&rig->card, "rx", "dma_addr"));
	ASSERT_NE(NO_NUMBER, all.dma_addr);
	ASSERT_EQ(0, buf_get(&rig->card, "rx", SMALL, &rx));
	check_range(_metadata, rig, rx.mem, &all);
	buf_put(&rx);
}

TEST_F_TIMEOUT(dma, address_from_ioctl, 60)
{
	struct pcibuf_segment all = { .length = SMALL };
	struct rig *rig = &self->rig;
	struct pcibuf_info info;
	struct buf rx;

	ASSERT_EQ(0, buf_make(&rig->card, "alloc", SMALL, "rx", &rx));
	ASSERT_EQ(0, buf_info(rx.fd, &info));
	ASSERT_EQ(1, info.nr_segments);
	all.dma_addr = info.dma_addr;
	check_range(_metadata, rig, rx.mem, &all);
	buf_put(&rx);
}

/* The card copies one half of a buffer to the other half, until all bytes are copied. */
TEST_F_TIMEOUT(dma, every_byte, 120)
{
	struct rig *rig = &self->rig;
	__u64 bus, done;
	struct buf rx;
	__u32 part;

	ASSERT_EQ(0, buf_make(&rig->card, "alloc", 2 * HALF, "rx", &rx));
	bus = attr_u64(buf_attr(&rig->card, "rx", "dma_addr"));
	fill(rx.mem, HALF, 0, 9);
	for (done = 0; done < HALF; done += part) {
		part = EDU_MAX_TRANSFER;
		if (part > HALF - done)
			part = HALF - done;
		ASSERT_EQ(0, edu_copy(&rig->edu, bus + done, bus + HALF + done,
				      part));
	}
	EXPECT_EQ(-1, mismatch(rx.mem + HALF, HALF, 0, 9));
	buf_put(&rx);
}

/* Compare the segments of the ioctl with the lines in sysfs. Return their number. */
static __u32 read_segments(struct __test_metadata *_metadata,
			   const struct card *card, int fd,
			   struct pcibuf_segment *segments)
{
	unsigned long long offset, bus, length;
	__u32 i, count = MAX_SEGMENTS;
	FILE *file;

	ASSERT_EQ(0, buf_segments(fd, segments, 0, &count));
	EXPECT_EQ(count, attr_u64(buf_attr(card, "rx", "nr_segments")));
	file = fopen(buf_attr(card, "rx", "segments"), "re");
	ASSERT_NE(NULL, file);
	for (i = 0; i < count; i++) {
		ASSERT_EQ(3, fscanf(file, "%llx %llx %llx\n", &offset, &bus,
				    &length));
		EXPECT_EQ(segments[i].offset, offset);
		EXPECT_EQ(segments[i].dma_addr, bus);
		EXPECT_EQ(segments[i].length, length);
	}
	EXPECT_EQ(EOF, fgetc(file));
	fclose(file);
	return count;
}

static void check_every_segment(struct __test_metadata *_metadata,
				struct rig *rig, __u64 size, __u32 at_least)
{
	struct pcibuf_segment segments[MAX_SEGMENTS];
	__u64 covered = 0;
	__u32 i, count;
	struct buf rx;

	ASSERT_EQ(0, buf_get(&rig->card, "rx", size, &rx));
	count = read_segments(_metadata, &rig->card, rx.fd, segments);
	EXPECT_LE(at_least, count);
	for (i = 0; i < count; i++) {
		EXPECT_EQ(covered, segments[i].offset);
		covered += segments[i].length;
		check_range(_metadata, rig, rx.mem, &segments[i]);
	}
	EXPECT_EQ(size, covered);
	buf_put(&rx);
}

struct block {
	__u64 bus;
	int nr;
};

static int by_bus_address(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return x->bus < y->bus ? -1 : x->bus > y->bus;
}

/*
 * Leave holes of @size bytes that are not adjacent, and no larger hole in the memory
 * that a card with 24 address bits can use: 16 MiB of memory, or 16 MiB of bus addresses
 * where an IOMMU assigns them. A larger buffer then needs several segments.
 */
static void leave_holes(struct __test_metadata *_metadata,
			const struct card *card, __u64 size)
{
	static struct block blocks[MAX_BLOCKS];
	int i, count = 0;

	while (count < MAX_BLOCKS &&
	       !card_write(card, "alloc", "%llu block%d", size, count)) {
		const char *label = pathf("block%d", count);

		blocks[count].nr = count;
		blocks[count].bus = attr_u64(buf_attr(card, label, "dma_addr"));
		count++;
	}
	ASSERT_LE(6, count);
	ASSERT_GT(MAX_BLOCKS, count);
	qsort(blocks, count, sizeof(*blocks), by_bus_address);
	for (i = 1; i < count; i += 2)
		EXPECT_EQ(0, card_write(card, "free", "block%d", blocks[i].nr));
}

static void start_over(struct __test_metadata *_metadata, struct rig *rig)
{
	buf_put(&rig->probe);
	ASSERT_EQ(0, card_reset(&rig->card));
	ASSERT_EQ(0, card_write(&rig->card, "dma_mask_bits", "24"));
	snapshot(&rig->card, &rig->before);
	ASSERT_EQ(0, make_probe(rig));
}

/*
 * An IOMMU maps extents as they were allocated, 2 MiB at a time. Run twice: in the first
 * round the kernel takes some MiB for names and inodes and keeps them.
 */
TEST_F_TIMEOUT(dma, every_segment, 240)
{
	__u64 block = iommu_translates() ? 2 * MIB : 64 * KIB;
	struct rig *rig = &self->rig;

	if (coherent_forced())
		SKIP(return, "the coherent backing is one segment");
	if (fewest_bits() > 24)
		SKIP(return, "no mask here that reaches only a little memory");
	start_over(_metadata, rig);
	leave_holes(_metadata, &rig->card, block);
	start_over(_metadata, rig);
	leave_holes(_metadata, &rig->card, block);
	ASSERT_EQ(0, card_write(&rig->card, "alloc_sg", "%llu rx", 3 * block));
	check_every_segment(_metadata, rig, 3 * block, 2);
}

/* A buffer as large as the card and the memory of this guest allow. */
TEST_F_TIMEOUT(dma, large, 240)
{
	__u64 size = 64 * MIB + PAGE;
	struct rig *rig = &self->rig;

	if (!any_size())
		size = 1 * MIB;
	else if (rig->card.mask == 28 && !iommu_translates())
		size = 2 * MIB + PAGE;
	ASSERT_EQ(0, card_write(&rig->card, "alloc_sg", "%llu rx", size));
	check_every_segment(_metadata, rig, size, 1);
}

/* Use all cards of this guest at the same time, each with its own mask. */
TEST_F_TIMEOUT(dma, other_cards, 120)
{
	struct edu edu = { NULL };
	struct card other;
	unsigned int nth;
	struct buf rx;
	__u64 bus;

	for (nth = 1; !card_find(nth, &other); nth++) {
		ASSERT_EQ(0, card_get(nth, &other));
		ASSERT_EQ(0, edu_open(&other, &edu));
		ASSERT_EQ(0, buf_make(&other, "alloc", SMALL, "rx", &rx));
		bus = attr_u64(buf_attr(&other, "rx", "dma_addr"));
		fill(rx.mem, MARK, 0, nth);
		ASSERT_EQ(0, edu_copy(&edu, bus, bus + SMALL - MARK, MARK));
		EXPECT_EQ(-1, mismatch(rx.mem + SMALL - MARK, MARK, 0, nth));
		edu_close(&edu);
		buf_put(&rx);
		EXPECT_EQ(0, card_reset(&other));
	}
	if (nth == 1)
		SKIP(return, "one card in this guest");
}

TEST_HARNESS_MAIN
