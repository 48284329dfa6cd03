// SPDX-License-Identifier: GPL-2.0-only
/* Check the contents, the mode and the owner of every attribute of cards and buffers. */
#include <kselftest_harness.h>

#include <sys/stat.h>

#include "lib.h"

FIXTURE(attrs) {
	struct card card;
	struct snapshot before;
};

FIXTURE_SETUP(attrs)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(attrs)
{
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* Return the mode and the group of a file, each as one number; -1 if there is no file. */
static int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (int)(st.st_mode & 07777);
}

static long group_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (long)st.st_gid;
}

static long user_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (long)st.st_uid;
}

struct file {
	const char *name;
	int mode;
	bool of_the_group;
};

static const struct file card_files[] = {
	{ "alloc", 0220, true }, { "alloc_sg", 0220, true },
	{ "free", 0220, true }, { "last_error", 0440, true },
	{ "revoke", 0200, false }, { "dma_mask_bits", 0644, false },
	{ "max_bytes", 0644, false }, { "allocated_bytes", 0444, false },
	{ "max_buffers", 0644, false }, { "nr_buffers", 0444, false },
	{ "gid", 0644, false }, { "recover", 0200, false },
	{ "irq_type", 0644, false }, { "nr_irqs", 0644, false },
};

static const struct file buffer_files[] = {
	{ "size", 0444, false }, { "label", 0444, false },
	{ "index", 0444, false }, { "dma_addr", 0440, true },
	{ "nr_segments", 0444, false }, { "segments", 0440, true },
	{ "backing", 0444, false }, { "numa_node", 0444, false },
	{ "align", 0444, false }, { "open_count", 0444, false },
};

static void check_file(struct __test_metadata *_metadata, const char *path,
		       const struct file *file, gid_t gid)
{
	EXPECT_EQ(file->mode, mode_of(path)) {
		TH_LOG("mode of %s", path);
	}
	EXPECT_EQ(0, user_of(path));
	EXPECT_EQ(file->of_the_group ? (long)gid : 0, group_of(path)) {
		TH_LOG("group of %s", path);
	}
}

static void check_files(struct __test_metadata *_metadata,
			const struct card *card, gid_t gid)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(card_files); i++)
		check_file(_metadata, card_attr(card, card_files[i].name),
			   &card_files[i], gid);
	for (i = 0; i < ARRAY_SIZE(buffer_files); i++)
		check_file(_metadata,
			   buf_attr(card, "rx", buffer_files[i].name),
			   &buffer_files[i], gid);
}

TEST_F(attrs, modes_and_owners)
{
	struct file node = { "node", 0660, true };

	/* Everything belongs to root alone until root sets a group. */
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	check_files(_metadata, &self->card, 0);
	EXPECT_EQ(0, group_of(buf_node(&self->card, "rx")));
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));

	ASSERT_EQ(0, card_write(&self->card, "gid", "%d", GID_PCIBUF));
	EXPECT_EQ(GID_PCIBUF, attr_u64(card_attr(&self->card, "gid")));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	check_files(_metadata, &self->card, GID_PCIBUF);
	check_file(_metadata, buf_node(&self->card, "rx"), &node, GID_PCIBUF);

	/*
	 * Set the group back: the files of the card change at once, new buffers get the
	 * new group.
	 */
	ASSERT_EQ(0, card_write(&self->card, "gid", "0"));
	EXPECT_EQ(0, group_of(card_attr(&self->card, "alloc")));
	EXPECT_EQ(0, group_of(card_attr(&self->card, "last_error")));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K tx"));
	EXPECT_EQ(0, group_of(buf_node(&self->card, "tx")));
	EXPECT_EQ(0, group_of(buf_attr(&self->card, "tx", "dma_addr")));
}

TEST_F(attrs, buffer_values)
{
	char text[128];

	ASSERT_EQ(0, card_write(&self->card, "alloc", "5000 rx"));
	EXPECT_EQ(2 * PAGE, attr_u64(buf_attr(&self->card, "rx", "size")));
	EXPECT_EQ(0, attr_u64(buf_attr(&self->card, "rx", "index")));
	EXPECT_EQ(1, attr_u64(buf_attr(&self->card, "rx", "nr_segments")));
	EXPECT_EQ(0, attr_u64(buf_attr(&self->card, "rx", "open_count")));
	EXPECT_EQ(0, attr_read(buf_attr(&self->card, "rx", "label"), text,
			       sizeof(text)));
	EXPECT_STREQ("rx", text);
	EXPECT_EQ(0, attr_read(buf_attr(&self->card, "rx", "backing"), text,
			       sizeof(text)));
	EXPECT_STREQ(alloc_is_coherent(&self->card) ? "coherent" : "pages",
		     text);
	EXPECT_EQ(0, attr_read(buf_attr(&self->card, "rx", "dma_addr"), text,
			       sizeof(text)));
	EXPECT_EQ(0, strncmp(text, "0x", 2));
	EXPECT_EQ(0, attr_u64(buf_attr(&self->card, "rx", "dma_addr")) % PAGE);
}

/* A buffer without a label is named by its index, and its label is an empty line. */
TEST_F(attrs, buffer_without_a_label)
{
	char text[64] = "x";

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K\n"));
	EXPECT_EQ(0, attr_read(buf_attr(&self->card, "1", "label"), text,
			       sizeof(text)));
	EXPECT_STREQ("", text);
	EXPECT_EQ(1, attr_u64(buf_attr(&self->card, "1", "index")));
	/* A buffer has one link, by its label or by its index, never both. */
	EXPECT_EQ(-1, mode_of(buf_attr(&self->card, "0", "size")));
}

/* The link under buffers/ leads to the buffer. The buffer's parent is the card. */
TEST_F(attrs, tree)
{
	char target[512] = "", node[64], pci[64];

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	snprintf(node, sizeof(node), "%s",
		 strrchr(buf_node(&self->card, "rx"), '/') + 1);
	ASSERT_NE(NULL, realpath(pathf(BUFFERS_DIR "/%s", node), target));
	snprintf(pci, sizeof(pci), "/%s/pcibuf_card/%s/", self->card.bdf,
		 self->card.bdf);
	EXPECT_NE(NULL, strstr(target, pci)) {
		TH_LOG("%s has no %s", target, pci);
	}
	EXPECT_EQ(0, access(pathf("%s/device/alloc", target), F_OK));
	EXPECT_EQ(0, attr_read(pathf("%s/uevent", target), target,
			       sizeof(target)));
	EXPECT_NE(NULL, strstr(target, "DEVTYPE=pcibuf_buffer"));
	EXPECT_EQ(0, attr_read(card_attr(&self->card, "uevent"), target,
			       sizeof(target)));
	EXPECT_NE(NULL, strstr(target, "DEVTYPE=pcibuf_card"));
}

TEST_F(attrs, card_counts)
{
	/* Parked memory counts too, so this test frees nothing in between. */
	ASSERT_EQ(0, card_write(&self->card, "alloc", "64K rx"));
	EXPECT_EQ(64 * KIB, attr_u64(card_attr(&self->card,
					       "allocated_bytes")));
	ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "100K tx"));
	EXPECT_EQ(164 * KIB, attr_u64(card_attr(&self->card,
						"allocated_bytes")));
	EXPECT_EQ(2, attr_u64(card_attr(&self->card, "nr_buffers")));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(1, attr_u64(card_attr(&self->card, "nr_buffers")));
	EXPECT_EQ(0, card_write(&self->card, "free", "tx"));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_buffers")));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "allocated_bytes")));
}

TEST_F(attrs, mask)
{
	unsigned int bits;

	/*
	 * Whether a mask of one bit less reaches memory depends on the size of the
	 * memory.
	 */
	for (bits = 24; bits + 1 < fewest_bits(); bits++)
		EXPECT_EQ(EINVAL, card_write(&self->card, "dma_mask_bits",
					     "%u", bits));
	for (bits = fewest_bits(); bits <= 64; bits++) {
		EXPECT_EQ(0, card_write(&self->card, "dma_mask_bits", "%u\n",
					bits));
		EXPECT_EQ(bits, attr_u64(card_attr(&self->card,
						   "dma_mask_bits")));
	}
	/* A newly bound card has a mask of 32 bits, which is the kernel's default. */
	ASSERT_EQ(0, card_unbind(&self->card));
	/* The next driver finds the kernel's default, too. */
	EXPECT_EQ(32, attr_u64(pci_attr(&self->card, "dma_mask_bits")));
	EXPECT_EQ(32, attr_u64(pci_attr(&self->card, "consistent_dma_mask_bits")));
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(32, attr_u64(card_attr(&self->card, "dma_mask_bits")));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "gid")));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_buffers")));
}

/* Bus addresses are below the mask, for all masks for which memory is the limit. */
TEST_F(attrs, addresses_are_below_the_mask)
{
	unsigned int bits;
	__u64 bus;

	for (bits = fewest_bits(); bits < 36; bits++) {
		ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "%u",
					bits));
		ASSERT_EQ(0, card_write(&self->card, "alloc", "64K rx"));
		bus = attr_u64(buf_attr(&self->card, "rx", "dma_addr"));
		EXPECT_GE(1ULL << bits, bus + 64 * KIB) {
			TH_LOG("%u bits", bits);
		}
		ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	}
}

TEST_F(attrs, last_error_at_first)
{
	char text[64] = "x";

	ASSERT_EQ(0, card_unbind(&self->card));
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, attr_read(card_attr(&self->card, "last_error"), text,
			       sizeof(text)));
	EXPECT_STREQ("", text);
	EXPECT_EQ(ENOENT, card_write(&self->card, "free", "nosuch"));
	EXPECT_EQ(0, attr_read(card_attr(&self->card, "last_error"), text,
			       sizeof(text)));
	EXPECT_STRNE("", text);
}

/* An edu card has no serial number. The file exists only for a card that has one. */
TEST_F(attrs, no_serial)
{
	EXPECT_EQ(-1, mode_of(card_attr(&self->card, "serial")));
}

/* Extended capabilities of PCI Express begin at 0x100; the serial number is number 3. */
static __u64 serial_in_config(const struct card *card)
{
	int fd = open(pci_attr(card, "config"), O_RDONLY);
	__u32 header, at = 0x100;
	__u64 serial = 0;

	while (at && pread(fd, &header, 4, at) == 4) {
		if ((header & 0xffff) == 3) {
			if (pread(fd, &serial, 8, at + 4) != 8)
				serial = 0;
			break;
		}
		at = header >> 20;
	}
	close(fd);
	return serial;
}

TEST_F(attrs, serial)
{
	char text[64], expected[64];
	struct card card;

	if (card_find_id(0x8086, 0x10d3, 0, &card))
		SKIP(return, "no card with a serial number in this guest");
	ASSERT_EQ(0, card_bind(&card));
	snprintf(expected, sizeof(expected), "%016llx",
		 serial_in_config(&card));
	EXPECT_STRNE("0000000000000000", expected);
	EXPECT_EQ(0, attr_read(card_attr(&card, "serial"), text,
			       sizeof(text)));
	EXPECT_STREQ(expected, text);
	EXPECT_EQ(0444, mode_of(card_attr(&card, "serial")));
	EXPECT_EQ(0, card_unbind(&card));
}

TEST_F(attrs, max_bytes)
{
	__u64 total = attr_u64(MAX_TOTAL);

	ASSERT_EQ(0, card_unbind(&self->card));
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(total, attr_u64(card_attr(&self->card, "max_bytes")));
	EXPECT_EQ(0, card_write(&self->card, "max_bytes", "1G\n"));
	EXPECT_EQ(GIB, attr_u64(card_attr(&self->card, "max_bytes")));
	EXPECT_EQ(0, card_write(&self->card, "max_bytes", "0x1000"));
	EXPECT_EQ(PAGE, attr_u64(card_attr(&self->card, "max_bytes")));
}

/* The default is half of what the machine can name, and 65,536 at most. */
TEST_F(attrs, max_buffers)
{
	__u64 half = mem_total() / 16 / (16 * KIB) / 2;

	ASSERT_EQ(0, card_unbind(&self->card));
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(half > 65536 ? 65536 : half,
		  attr_u64(card_attr(&self->card, "max_buffers")));
	EXPECT_EQ(0, card_write(&self->card, "max_buffers", "3\n"));
	EXPECT_EQ(3, attr_u64(card_attr(&self->card, "max_buffers")));
	EXPECT_EQ(0, card_write(&self->card, "max_buffers", "4294967295"));
	EXPECT_EQ(4294967295, attr_u64(card_attr(&self->card, "max_buffers")));
}

TEST_F(attrs, open_count)
{
	const char *count;
	int fd, copy;
	void *map;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	count = buf_attr(&self->card, "rx", "open_count");
	fd = buf_open(&self->card, "rx", O_RDWR);
	EXPECT_EQ(1, attr_u64(count));
	copy = dup(fd);
	EXPECT_EQ(1, attr_u64(count));
	map = buf_map(fd, PAGE, 0);
	close(fd);
	close(copy);
	EXPECT_EQ(1, attr_u64(count));
	fd = buf_open(&self->card, "rx", O_RDONLY);
	EXPECT_EQ(2, attr_u64(count));
	munmap(map, PAGE);
	close(fd);
	EXPECT_EQ(0, attr_u64(count));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
}

/* The lowest free index is used again. The N of pcibufN is not. */
TEST_F(attrs, index_is_used_again_and_n_is_not)
{
	char first[64], second[64];

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K"));
	snprintf(first, sizeof(first), "%s", buf_node(&self->card, "rx"));
	ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(1, attr_u64(buf_attr(&self->card, "rx", "index")));
	snprintf(second, sizeof(second), "%s", buf_node(&self->card, "rx"));
	EXPECT_STRNE(first, second);
	EXPECT_EQ(-1, open(first, O_RDWR));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K tx"));
	EXPECT_EQ(3, attr_u64(buf_attr(&self->card, "tx", "index")));
	ASSERT_EQ(0, card_write(&self->card, "free", "0"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K"));
	EXPECT_EQ(0, attr_u64(buf_attr(&self->card, "0", "index")));
}

TEST_HARNESS_MAIN
