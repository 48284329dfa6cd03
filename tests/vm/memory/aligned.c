// SPDX-License-Identifier: GPL-2.0-only
/*
 * The alignment of bus addresses: what align=SIZE promises, for each kind of memory, and
 * the natural alignment of a buffer without that key. Needs 2 GiB. In a guest with an
 * ext4 disk, one test fills the memory and fragments it.
 */
#include <kselftest_harness.h>

#include <stdlib.h>

#include "lib.h"

#define LEAVE		(96 * MIB)	/* free while the rest is filled */
#define STRIDE		16

FIXTURE(aligned) {
	struct card card;
	struct reach reach;
};

FIXTURE_SETUP(aligned)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	ASSERT_EQ(0, reach_open(&self->card, &self->reach));
}

FIXTURE_TEARDOWN(aligned)
{
	reach_close(&self->reach);
	EXPECT_EQ(0, card_reset(&self->card));
}

static __u64 allocated(const struct card *card)
{
	return attr_u64(card_attr(card, "allocated_bytes"));
}

static __u64 power_of_two(__u64 size)
{
	__u64 power = PAGE;

	while (power < size)
		power *= 2;
	return power;
}

static __u64 address_of(const struct card *card, unsigned int mib,
			const char *label)
{
	if (card_write(card, "alloc", "%uM %s", mib, label))
		return NO_NUMBER;
	return attr_u64(buf_attr(card, label, "dma_addr"));
}

/* An IOMMU's address is aligned to the size of the buffer, on every kernel. */
TEST_F_TIMEOUT(aligned, naturally_behind_an_iommu, 120)
{
	static const unsigned int sizes[] = { 1, 3, 2, 5, 17, 64, 48, 256 };
	unsigned int i;

	if (!iommu_translates())
		SKIP(return, "no IOMMU");
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT_EQ(0, address_of(&self->card, sizes[i],
					pathf("r%u", i)) %
			     power_of_two(sizes[i] * MIB)) {
			TH_LOG("%u MiB", sizes[i]);
		}
}

/*
 * Without an IOMMU it depends on the free memory whether a buffer is aligned to its size,
 * although the buffer before it ends elsewhere. So the number is only told.
 */
TEST_F_TIMEOUT(aligned, naturally_where_memory_is_free, 120)
{
	static const unsigned int sizes[] = { 48, 64, 6, 4, 16, 22, 128, 12 };
	const struct card *card = &self->card;
	unsigned int i, natural = 0;

	if (iommu_translates() || coherent_forced())
		SKIP(return, "an IOMMU or dma_alloc_coherent() decides");
	ASSERT_EQ(0, card_revoke_all(card));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		__u64 at = address_of(card, sizes[i], pathf("r%u", i));

		EXPECT_NE(NO_NUMBER, at);
		natural += at % power_of_two(sizes[i] * MIB) == 0;
	}
	TH_LOG("%u of %u buffers are aligned to their size", natural, i);
}

/* last_error says that the alignment was the limit, and how large it was. */
static void check_told(struct __test_metadata *_metadata,
		       const struct card *card, __u64 align)
{
	char text[1024] = "";

	EXPECT_EQ(0, attr_read(card_attr(card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, "ENOMEM"));
	EXPECT_NE(NULL, strstr(text, " smaller align")) {
		TH_LOG("\"%s\"", text);
	}
	EXPECT_NE(NULL, strstr(text, pathf("align %llu", align))) {
		TH_LOG("\"%s\"", text);
	}
}

/* Sysfs, the ioctl and the segments agree, and the card moves bytes in the segments. */
static void check_buffer(struct __test_metadata *_metadata,
			 const struct card *card, struct reach *reach,
			 struct buf *rx, __u64 align)
{
	struct pcibuf_segment *list;
	struct pcibuf_info info;
	__u64 end = 0;
	__u32 i, count;

	ASSERT_EQ(0, buf_info(rx->fd, &info));
	EXPECT_EQ(align, info.align);
	EXPECT_EQ(align, attr_u64(buf_attr(card, "rx", "align")));
	EXPECT_EQ(-1, nonzero(rx->mem, rx->size));
	list = segments_of(rx->fd, &count);
	ASSERT_NE(NULL, list);
	for (i = 0; i < count; i++) {
		EXPECT_EQ(0, list[i].dma_addr % align) {
			TH_LOG("segment %u of %u at %#llx", i, count,
			       list[i].dma_addr);
		}
		EXPECT_TRUE(i == count - 1 || list[i].length % align == 0) {
			TH_LOG("segment %u of %u is %#llx long", i, count,
			       list[i].length);
		}
		EXPECT_EQ(end, list[i].offset);
		end += list[i].length;
		/* The first and the last byte of the first and of the last segment. */
		if (i && i < count - 1)
			continue;
		EXPECT_EQ(0, reaches(reach, list[i].dma_addr,
				     rx->mem + list[i].offset));
		EXPECT_EQ(0, reaches(reach, list[i].dma_addr + list[i].length - 1,
				     rx->mem + end - 1));
	}
	EXPECT_EQ(rx->size, end);
	free(list);
}

/* Behind an IOMMU and for coherent memory, the DMA API aligns to the size. */
static bool is_possible(const struct card *card, const char *how, __u64 size,
			__u64 align)
{
	bool coherent = coherent_forced() ||
			(!strcmp(how, "alloc") && alloc_is_coherent(card));

	return (!iommu_translates() && !coherent) || align <= power_of_two(size);
}

struct wish {
	__u64 size;
	__u64 align;
};

static void check_wish(struct __test_metadata *_metadata,
		       const struct card *card, struct reach *reach,
		       const char *how, const struct wish *wish)
{
	__u64 before = allocated(card);
	struct buf rx;
	int err;

	err = card_write(card, how, "%llu rx align=%llu", wish->size,
			 wish->align);
	if (!is_possible(card, how, wish->size, wish->align)) {
		EXPECT_EQ(ENOMEM, err) {
			TH_LOG("%s of %llu, align %llu", how, wish->size,
			       wish->align);
		}
		check_told(_metadata, card, wish->align);
		EXPECT_EQ(before, allocated(card));
		return;
	}
	ASSERT_EQ(0, err) {
		char text[1024] = "";

		attr_read(card_attr(card, "last_error"), text, sizeof(text));
		TH_LOG("%s of %llu, align %llu: %s", how, wish->size,
		       wish->align, text);
	}
	ASSERT_EQ(0, buf_get(card, "rx", wish->size, &rx));
	check_buffer(_metadata, card, reach, &rx,
		     wish->align < PAGE ? PAGE : wish->align);
	buf_put(&rx);
	EXPECT_EQ(0, card_write(card, "free", "rx"));
}

static const struct wish wishes[] = {
	{ PAGE, 1 }, { PAGE, PAGE }, { PAGE, 64 * KIB }, { PAGE, 2 * MIB },
	{ PAGE, 32 * MIB }, { 3 * PAGE, 16 * KIB }, { 5 * PAGE, 8 * KIB },
	{ MIB + PAGE, 512 * KIB }, { 3 * MIB, 4 * MIB }, { 2 * MIB, 2 * MIB },
	{ 5 * MIB + PAGE, 2 * MIB }, { 5 * MIB + PAGE, 64 * KIB },
	{ 33 * MIB + 3 * PAGE, 16 * MIB }, { 33 * MIB + 3 * PAGE, 64 * MIB },
	{ 64 * MIB, 64 * MIB }, { 10 * MIB, 128 * MIB }, { 256 * MIB, 256 * MIB },
};

TEST_F_TIMEOUT(aligned, one_segment, 240)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wishes); i++)
		if (any_size() || wishes[i].size <= 4 * MIB)
			check_wish(_metadata, &self->card, &self->reach,
				   "alloc", &wishes[i]);
}

TEST_F_TIMEOUT(aligned, segments, 240)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wishes); i++)
		if (any_size() || wishes[i].size <= 4 * MIB)
			check_wish(_metadata, &self->card, &self->reach,
				   "alloc_sg", &wishes[i]);
}

/* Something that cannot move may lie at each GiB. Then the words say so. */
TEST_F_TIMEOUT(aligned, to_a_gigabyte, 120)
{
	static const char * const how[] = { "alloc", "alloc_sg" };
	unsigned int i;
	struct buf rx;
	int err;

	if (iommu_translates() || coherent_forced())
		SKIP(return, "the DMA API aligns to the size");
	for (i = 0; i < ARRAY_SIZE(how); i++) {
		err = card_write(&self->card, how[i], "8M rx align=1G");
		if (err) {
			EXPECT_EQ(ENOMEM, err);
			check_told(_metadata, &self->card, GIB);
			TH_LOG("%s: nothing can be emptied at any GiB", how[i]);
			continue;
		}
		ASSERT_EQ(0, buf_get(&self->card, "rx", 8 * MIB, &rx));
		check_buffer(_metadata, &self->card, &self->reach, &rx, GIB);
		buf_put(&rx);
		EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	}
}

/* No memory lies at a multiple of that. */
TEST_F_TIMEOUT(aligned, beyond_all_memory, 120)
{
	static const char * const aligns[] = { "1T", "4194304T" };
	static const char * const sizes[] = { "4K", "3M", "64M" };
	__u64 before = allocated(&self->card);
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc",
						     "%s rx align=%s", sizes[j],
						     aligns[i]));
			check_told(_metadata, &self->card,
				   (i ? 4194304ULL : 1) << 40);
			EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc_sg",
						     "%s rx align=%s", sizes[j],
						     aligns[i]));
			check_told(_metadata, &self->card,
				   (i ? 4194304ULL : 1) << 40);
		}
	}
	EXPECT_EQ(before, allocated(&self->card));
}

/* Memory that is parked is used again if it fits, also in its alignment. */
TEST_F_TIMEOUT(aligned, parked, 120)
{
	const struct card *card = &self->card;
	__u64 first, parked;

	if (iommu_translates() || coherent_forced())
		SKIP(return, "nothing is parked, or never divided");
	ASSERT_EQ(0, card_write(card, "alloc", "8M rx align=16M"));
	first = attr_u64(buf_attr(card, "rx", "dma_addr"));
	parked = allocated(card);
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(parked, allocated(card));

	ASSERT_EQ(0, card_write(card, "alloc", "4M rx align=16M"));
	EXPECT_EQ(first, attr_u64(buf_attr(card, "rx", "dma_addr")));
	EXPECT_EQ(parked, allocated(card));
	/* What is left begins 4 MiB behind a multiple of 16 MiB. */
	ASSERT_EQ(0, card_write(card, "alloc", "4M ry align=8M"));
	EXPECT_EQ(0, attr_u64(buf_attr(card, "ry", "dma_addr")) % (8 * MIB));
	EXPECT_EQ(parked + 4 * MIB, allocated(card));
	ASSERT_EQ(0, card_write(card, "alloc", "4M rz align=4M"));
	EXPECT_EQ(first + 4 * MIB, attr_u64(buf_attr(card, "rz", "dma_addr")));
	EXPECT_EQ(parked + 4 * MIB, allocated(card));
}

/* Parked memory may be aligned only behind its front. */
TEST_F_TIMEOUT(aligned, parked_in_the_middle, 120)
{
	const struct card *card = &self->card;
	__u64 first, parked;

	if (iommu_translates() || coherent_forced())
		SKIP(return, "nothing is parked, or never divided");
	ASSERT_EQ(0, card_write(card, "alloc", "24M rx align=16M"));
	first = attr_u64(buf_attr(card, "rx", "dma_addr"));
	parked = allocated(card);
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	ASSERT_EQ(0, card_write(card, "alloc", "4M ra align=16M"));
	ASSERT_EQ(0, card_write(card, "alloc", "8M rb align=16M"));
	EXPECT_EQ(first + 16 * MIB, attr_u64(buf_attr(card, "rb", "dma_addr")));
	ASSERT_EQ(0, card_write(card, "alloc", "8M rc align=8M"));
	EXPECT_EQ(first + 8 * MIB, attr_u64(buf_attr(card, "rc", "dma_addr")));
	ASSERT_EQ(0, card_write(card, "alloc", "4M rd align=4M"));
	EXPECT_EQ(first + 4 * MIB, attr_u64(buf_attr(card, "rd", "dma_addr")));
	EXPECT_EQ(parked, allocated(card));
}

/* The same for segments: freed and allocated again, they take no more memory. */
TEST_F_TIMEOUT(aligned, parked_segments, 120)
{
	const struct card *card = &self->card;
	struct wish wish = { 21 * MIB + PAGE, 2 * MIB };
	__u64 parked;
	int i;

	if (iommu_translates() || coherent_forced())
		SKIP(return, "nothing is parked, or never divided");
	check_wish(_metadata, card, &self->reach, "alloc_sg", &wish);
	parked = allocated(card);
	for (i = 0; i < 2; i++) {
		check_wish(_metadata, card, &self->reach, "alloc_sg", &wish);
		EXPECT_EQ(parked, allocated(card));
	}
	wish.align = 4 * MIB;
	check_wish(_metadata, card, &self->reach, "alloc_sg", &wish);
	wish.align = 64 * KIB;
	check_wish(_metadata, card, &self->reach, "alloc_sg", &wish);
}

/* Few free pages lie at a multiple of the alignment, so others must be moved. */
TEST_F_TIMEOUT(aligned, in_fragmented_memory, 240)
{
	static struct pile pile = { LOAD_TMPFS "/aligned", 0, 5, 0 };
	static const struct wish some[] = {
		{ 64 * MIB, 2 * MIB }, { 48 * MIB, 4 * MIB },
		{ 33 * MIB + PAGE, 64 * KIB },
	};
	size_t i;

	if (access("/dev/vda", F_OK) || coherent_forced())
		SKIP(return, "no disk, or only memory in one piece");
	ASSERT_EQ(0, load_mount());
	ASSERT_EQ(0, load_comb(&pile, LEAVE, STRIDE));
	TH_LOG("%llu of %llu MiB are free, %llu in blocks of 2 MiB",
	       mem_free() / MIB, mem_total() / MIB,
	       free_in_blocks(9) * PAGE / MIB);
	for (i = 0; i < ARRAY_SIZE(some); i++)
		check_wish(_metadata, &self->card, &self->reach, "alloc_sg",
			   &some[i]);
	EXPECT_EQ(-1, pile_mismatch(&pile));
	EXPECT_EQ(0, unlink(pile.path));
}

TEST_HARNESS_MAIN
