// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two ioctls: compare their results with sysfs, use structures of other sizes, and
 * read lists of segments that exceed a page of text.
 */
#include <kselftest_harness.h>

#include <sys/ioctl.h>

#include "lib.h"

#define LINE		57	/* bytes of a line of the file segments */
#define MAX_PIECES	512
#define MAX_BLOCKS	2048
#define FIRST_VERSION	112	/* bytes of the first struct pcibuf_info */

FIXTURE(ioctls) {
	struct card card;
	struct buf rx;
	struct pcibuf_info info;
};

FIXTURE_SETUP(ioctls)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, buf_make(&self->card, "alloc", 64 * KIB, "rx", &self->rx));
	ASSERT_EQ(0, buf_info(self->rx.fd, &self->info));
}

FIXTURE_TEARDOWN(ioctls)
{
	buf_put(&self->rx);
	EXPECT_EQ(0, card_reset(&self->card));
}

TEST_F(ioctls, info_is_what_sysfs_tells)
{
	const struct pcibuf_info *info = &self->info;
	const struct card *card = &self->card;

	EXPECT_EQ(sizeof(*info), info->argsz);
	EXPECT_EQ(0, info->flags);
	EXPECT_EQ(64 * KIB, info->size);
	EXPECT_EQ(attr_u64(buf_attr(card, "rx", "dma_addr")), info->dma_addr);
	EXPECT_EQ(1, info->nr_segments);
	EXPECT_EQ(attr_u64(buf_attr(card, "rx", "index")), info->index);
	EXPECT_EQ(alloc_is_coherent(card) ? PCIBUF_BACKING_COHERENT
					  : PCIBUF_BACKING_PAGES,
		  info->backing);
	EXPECT_STREQ(card->bdf, info->card);
	EXPECT_STREQ("rx", info->label);
	EXPECT_STREQ(buf_node(card, "rx"), pathf("/dev/pcibuf%u", info->minor));
	EXPECT_EQ(attr_u64(buf_attr(card, "rx", "align")), info->align);
	EXPECT_EQ(PAGE, info->align);
}

/* Each buffer has a new id, also under the same name. */
TEST_F(ioctls, id_is_never_used_twice)
{
	__u64 id = self->info.id;
	int i;

	EXPECT_NE(0, id);
	for (i = 0; i < 20; i++) {
		buf_put(&self->rx);
		ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
		ASSERT_EQ(0, buf_make(&self->card, "alloc", 64 * KIB, "rx",
				      &self->rx));
		ASSERT_EQ(0, buf_info(self->rx.fd, &self->info));
		EXPECT_NE(id, self->info.id);
		id = self->info.id;
	}
}

TEST_F(ioctls, label_may_be_missing)
{
	struct pcibuf_info info;
	struct buf other;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K"));
	ASSERT_EQ(0, buf_get(&self->card, "1", PAGE, &other));
	ASSERT_EQ(0, buf_info(other.fd, &info));
	EXPECT_STREQ("", info.label);
	EXPECT_EQ(1, info.index);
	buf_put(&other);
}

/* A program was compiled with a larger or a smaller structure. */
#define LABEL_31 "a234567890123456789012345678901"

TEST_F(ioctls, longest_label_is_whole)
{
	struct pcibuf_info info;
	struct buf other;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K " LABEL_31));
	ASSERT_EQ(0, buf_get(&self->card, LABEL_31, PAGE, &other));
	ASSERT_EQ(0, buf_info(other.fd, &info));
	EXPECT_STREQ(LABEL_31, info.label);
	buf_put(&other);
	EXPECT_EQ(0, card_write(&self->card, "free", LABEL_31));
}

TEST_F(ioctls, info_of_another_size)
{
	unsigned char room[sizeof(self->info) + 64];
	struct pcibuf_info *info = (struct pcibuf_info *)room;
	unsigned int i;

	memset(room, 0xa5, sizeof(room));
	info->argsz = sizeof(room);
	info->flags = 0;
	EXPECT_EQ(0, ioctl(self->rx.fd, PCIBUF_IOC_INFO, info));
	EXPECT_EQ(0, memcmp(&info->id, &self->info.id,
			    sizeof(self->info) - 8));
	for (i = sizeof(self->info); i < sizeof(room); i++)
		EXPECT_TRUE(room[i] == 0xa5 || !room[i]);

	for (i = 0; i < FIRST_VERSION; i++) {
		memset(room, 0xa5, sizeof(room));
		info->argsz = i;
		info->flags = 0;
		EXPECT_EQ(-1, ioctl(self->rx.fd, PCIBUF_IOC_INFO, info));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(0xa5, room[sizeof(room) - 1]);
}

/* A program of the first version gets what it knows, and nothing behind that. */
TEST_F(ioctls, info_of_the_first_version)
{
	unsigned char room[sizeof(self->info)];
	struct pcibuf_info *info = (struct pcibuf_info *)room;
	size_t size, i;

	for (size = FIRST_VERSION; size <= sizeof(*info); size++) {
		memset(room, 0xa5, sizeof(room));
		info->argsz = size;
		info->flags = 0;
		EXPECT_EQ(0, ioctl(self->rx.fd, PCIBUF_IOC_INFO, info));
		EXPECT_EQ(size, info->argsz);
		EXPECT_EQ(0, memcmp(&info->id, &self->info.id, size - 8));
		for (i = size; i < sizeof(room); i++)
			EXPECT_EQ(0xa5, room[i]);
	}
}

TEST_F(ioctls, refused)
{
	struct pcibuf_info info = { .argsz = sizeof(info), .flags = 1 };
	struct pcibuf_segments list = { .argsz = sizeof(list), .flags = 1 };
	unsigned int size;

	EXPECT_EQ(-1, ioctl(self->rx.fd, PCIBUF_IOC_INFO, &info));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->rx.fd, PCIBUF_IOC_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->rx.fd, PCIBUF_IOC_INFO, ~0UL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->rx.fd, PCIBUF_IOC_SEGMENTS, &list));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->rx.fd, PCIBUF_IOC_SEGMENTS, NULL));
	EXPECT_EQ(EFAULT, errno);
	list.flags = 0;
	for (size = 0; size < sizeof(list); size++) {
		list.argsz = size;
		EXPECT_EQ(-1, ioctl(self->rx.fd, PCIBUF_IOC_SEGMENTS, &list));
		EXPECT_EQ(EINVAL, errno);
	}
	list.argsz = sizeof(list);
	list.count = 1;
	EXPECT_EQ(-1, ioctl(self->rx.fd, PCIBUF_IOC_SEGMENTS, &list));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(ioctls, no_more_segments_than_there_are)
{
	struct pcibuf_segment found[4];
	__u32 count = 4;

	memset(found, 0xa5, sizeof(found));
	EXPECT_EQ(0, buf_segments(self->rx.fd, found, 0, &count));
	EXPECT_EQ(1, count);
	EXPECT_EQ(0, found[0].offset);
	EXPECT_EQ(self->info.dma_addr, found[0].dma_addr);
	EXPECT_EQ(64 * KIB, found[0].length);
	EXPECT_EQ(0xa5a5a5a5a5a5a5a5ULL, found[1].offset);
	count = 4;
	EXPECT_EQ(0, buf_segments(self->rx.fd, found, 1, &count));
	EXPECT_EQ(0, count);
	count = ~0U;
	EXPECT_EQ(0, buf_segments(self->rx.fd, found, ~0U, &count));
	EXPECT_EQ(0, count);
	count = 0;
	EXPECT_EQ(0, buf_segments(self->rx.fd, NULL, 0, &count));
	EXPECT_EQ(0, count);
}

/*
 * Allocate everything below 24 address bits in small buffers, and free every second one.
 * The next buffer has one segment for each hole.
 */
static bool leave_small_holes(const struct card *card, __u64 piece)
{
	__u32 i, made = 0;

	if (card_write(card, "dma_mask_bits", "24"))
		return false;
	while (made < MAX_BLOCKS &&
	       !card_write(card, "alloc", "%llu b%u", piece, made))
		made++;
	/* Any other hole is smaller than one of these buffers. */
	for (i = 1; i < made; i += 2)
		if (card_write(card, "free", "b%u", i))
			return false;
	return made > 300 && made < MAX_BLOCKS;
}

static void check_text(struct __test_metadata *_metadata, const char *path,
		       const struct pcibuf_segment *segments, __u32 count,
		       size_t step)
{
	static char text[MAX_PIECES * LINE + LINE];
	char line[LINE + 1];
	size_t used = 0;
	ssize_t got;
	__u32 i;
	int fd = open(path, O_RDONLY);

	ASSERT_LE(0, fd);
	while (used < sizeof(text) &&
	       (got = pread(fd, text + used, step, used)) > 0)
		used += got;
	close(fd);
	ASSERT_EQ((size_t)count * LINE, used);
	for (i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "0x%016llx 0x%016llx 0x%016llx\n",
			 segments[i].offset, segments[i].dma_addr,
			 segments[i].length);
		EXPECT_EQ(0, memcmp(line, text + i * LINE, LINE));
	}
}

/* All ways to read the list of a buffer with many segments give the same list. */
TEST_F_TIMEOUT(ioctls, list_longer_than_a_page, 240)
{
	static struct pcibuf_segment segments[MAX_PIECES];
	const struct card *card = &self->card;
	__u64 piece = 32 * KIB, end = 0;
	__u32 i, part, count = MAX_PIECES;

	if (iommu_translates())
		SKIP(return, "the IOMMU makes one range of many pieces");
	if (coherent_forced())
		SKIP(return, "the coherent backing is one segment");
	if (fewest_bits() > 24)
		SKIP(return, "no mask here that reaches only a little memory");
	buf_put(&self->rx);
	ASSERT_EQ(0, card_reset(card));
	ASSERT_TRUE(leave_small_holes(card, piece));
	ASSERT_EQ(0, card_write(card, "alloc_sg", "%llu rx", 100 * piece));
	ASSERT_EQ(0, buf_get(card, "rx", 100 * piece, &self->rx));
	ASSERT_EQ(0, buf_segments(self->rx.fd, segments, 0, &count));
	EXPECT_EQ(count, attr_u64(buf_attr(card, "rx", "nr_segments")));
	EXPECT_LT(PAGE / LINE, count);
	EXPECT_EQ(-1, access(buf_attr(card, "rx", "dma_addr"), F_OK));
	for (i = 0; i < count; i++) {
		struct pcibuf_segment one;

		part = 1;
		ASSERT_EQ(0, buf_segments(self->rx.fd, &one, i, &part));
		EXPECT_EQ(1, part);
		EXPECT_EQ(0, memcmp(&one, &segments[i], sizeof(one)));
		EXPECT_EQ(end, one.offset);
		end += one.length;
	}
	EXPECT_EQ(100 * piece, end);
	ASSERT_EQ(0, buf_info(self->rx.fd, &self->info));
	EXPECT_EQ(PCIBUF_NO_DMA_ADDR, self->info.dma_addr);
	check_text(_metadata, buf_attr(card, "rx", "segments"), segments,
		   count, PAGE);
	check_text(_metadata, buf_attr(card, "rx", "segments"), segments,
		   count, 33);
	check_text(_metadata, buf_attr(card, "rx", "segments"), segments,
		   count, 64 * KIB);
}

TEST_HARNESS_MAIN
