// SPDX-License-Identifier: GPL-2.0-only
/*
 * Valid and invalid writes to alloc, alloc_sg and free. A malformed request returns
 * EINVAL and changes nothing.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define LABEL_31 "a234567890123456789012345678901"

FIXTURE(words) {
	struct card card;
	struct snapshot before;
};

FIXTURE_SETUP(words)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(words)
{
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	EXPECT_EQ(0, card_reset(&self->card));
}

static void check_refused(struct __test_metadata *_metadata,
			  const struct card *card,
			  const struct snapshot *before, const char *text)
{
	static const char * const files[] = { "alloc", "alloc_sg" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		EXPECT_EQ(EINVAL, attr_write(card_attr(card, files[i]), text)) {
			TH_LOG("\"%s\" to %s", text, files[i]);
		}
	}
	EXPECT_EQ(0, snapshot_changes(card, before)) {
		TH_LOG("after \"%s\"", text);
	}
}

TEST_F_TIMEOUT(words, sizes_refused, 120)
{
	static const char * const texts[] = {
		"\n", " ", "\x20\n", "0", "0\n", "00", "0x0", "0K", "-1",
		"-4096", "4M4", "4MM", "0x", "0x\n", "0xK", "x10", "4096x",
		"1.5M", "1e6", "4,096",
		"4KB", "4KiB", "4 KB", "512 MB", "512 MB\n", "K", "M",
		"0xg", "0x4096Z", "4P", "4E", "--4096", "4096 - ", "4096;",
		/* 2^64 and more, in every notation */
		"18446744073709551615", "18446744073709551616",
		"18446744073709551617", "99999999999999999999",
		"36893488147419103232", "0xffffffffffffffff",
		"0x10000000000000000", "0x10000000000001000",
		"0x11111111111111111", "16777216T", "16777217T",
		"18014398509481984K", "17592186044416M", "17179869184G",
		"9223372036854775808", "0x7fffffffffffffff0",
		/* 2^63 - 1 and what a rounding up to pages makes of it */
		"9223372036854775807", "0x7ffffffffffff001",
		"340282366920938463463374607431768211456",
		/* not ASCII */
		"\302\2404096", "4096\xc2\xa0", "\xef\xbc\x94K",
		"\xff", "4K\xff", "\xe2\x81\xb4K",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		check_refused(_metadata, &self->card, &self->before, texts[i]);
}

/* On some kernels, a write of 0 bytes does not reach the driver. */
TEST_F(words, nothing_makes_nothing)
{
	attr_write_n(card_attr(&self->card, "alloc"), "", 0);
	EXPECT_EQ(EINVAL, attr_write(card_attr(&self->card, "alloc"), "\n"));
}

TEST_F(words, zero_byte_is_refused)
{
	const char *path = card_attr(&self->card, "alloc");

	EXPECT_EQ(EINVAL, attr_write_n(path, "4096\0", 5));
	EXPECT_EQ(EINVAL, attr_write_n(path, "4096\0rx", 7));
	EXPECT_EQ(EINVAL, attr_write_n(path, "4096 rx\0", 8));
	EXPECT_EQ(EINVAL, attr_write_n(path, "4096 r\0x", 8));
	EXPECT_EQ(EINVAL, attr_write_n(path, "\0", 1));
}

/* A number of seventeen digits is valid, but exceeds any quota. */
TEST_F(words, many_digits)
{
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc",
				     "99999999999999999"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg",
				     "11111111111111111 rx"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg", "8388607T"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg",
				     "0x7ffffffffffff000"));
	/* Leading zeros are allowed in any number. */
	EXPECT_EQ(0, card_write(&self->card, "alloc",
				"00000000000000000004096 rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
}

/* A long request is refused even if its first page is a valid request. */
TEST_F(words, longer_than_a_page_is_refused)
{
	const char *path = card_attr(&self->card, "alloc");
	static char text[3 * PAGE];
	unsigned int i;
	size_t lengths[] = { PAGE + 1, 2 * PAGE, 3 * PAGE };

	memset(text, 'x', sizeof(text));
	EXPECT_EQ(EINVAL, attr_write_n(path, text, PAGE - 1));
	EXPECT_EQ(EINVAL, attr_write_n(path, text, PAGE));
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		EXPECT_EQ(EINVAL, attr_write_n(path, text, lengths[i]));
	memset(text, ' ', sizeof(text));
	memcpy(text, "4096 rx", 7);
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		EXPECT_EQ(EINVAL, attr_write_n(path, text, lengths[i]));
	memset(text, '0', sizeof(text));
	EXPECT_EQ(EINVAL, attr_write_n(path, text, 2 * PAGE));
	for (i = 0; i < sizeof(text); i++)
		text[i] = 0x80 + i % 128;
	EXPECT_EQ(EINVAL, attr_write_n(path, text, PAGE - 1));
	EXPECT_EQ(EINVAL, attr_write_n(path, text, 2 * PAGE));
}

static void check_size(struct __test_metadata *_metadata,
		       const struct card *card, const char *text, __u64 size)
{
	EXPECT_EQ(0, attr_write(card_attr(card, "alloc"), text)) {
		TH_LOG("\"%s\"", text);
		return;
	}
	EXPECT_EQ(size, attr_u64(buf_attr(card, "0", "size"))) {
		TH_LOG("\"%s\"", text);
	}
	EXPECT_EQ(0, card_write(card, "free", "0"));
}

TEST_F(words, sizes_taken)
{
	static const struct {
		const char *text;
		__u64 size;
	} cases[] = {
		{ "4096", 4096 }, { "4096\n", 4096 }, { "1", 4096 },
		{ "010", 4096 }, { "010K", 12 * KIB }, { "4097", 8192 },
		{ "0x1000", 4096 }, { "0x1001\n", 8192 }, { "0x2K", 4096 },
		{ "64k", 64 * KIB }, { "64K", 64 * KIB }, { "1m", MIB },
		{ "1M\n", MIB }, { "0xA0000", 640 * KIB },
		{ "0xa0000", 640 * KIB }, { "1048575", MIB },
		{ "0000000000000000004096", 4096 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		check_size(_metadata, &self->card, cases[i].text,
			   cases[i].size);
}

TEST_F_TIMEOUT(words, labels_refused, 120)
{
	static const char * const labels[] = {
		".a", "-a", ".", "-", "..", "a/b", "/", "a:b", "a=b", "a,b",
		"a*", "a\\b", "a\"b", "a\nb", "a+", "a@b", "0", "1", "123",
		"0000", "12345678901234567890", "pcibuf0", "pcibuf12",
		"pcibuf0001", LABEL_31 "2",
		LABEL_31 LABEL_31 LABEL_31,
		"B", "b", "bytes", "Bytes", "BYTES",
		"K", "k", "KB", "kb", "Kb", "kB", "KiB", "kib", "Kib", "KIB",
		"M", "m", "MB", "MiB", "Mb", "Mib", "G", "g", "GB", "GiB",
		"gb", "T", "t", "TB", "TiB", "P", "PB", "PiB", "pib", "E",
		"EB", "EiB", "eb",
		"\xc3\xa4", "a\xc3\xa4", "r\xff", "rx\x01", "rx\x7f",
		/* key=value pairs; the only key is align */
		"node=1", "rx node=1", "rx x=", "rx =", "rx ry", "rx rx",
		"rx 4096", "rx -", "align=", "rx align=", "rx align=0",
		"rx align=3", "rx align=4097", "rx align=4KB", "rx align= 4K",
		"rx align =4K", "rx align=-1", "rx align=8388608T",
		"rx align=18446744073709551616", "rx ALIGN=4K",
		"rx align=4K align=4K", "rx align=4K ry", "align=4K rx",
		"rx align=4K node=1", "=4K", "rx aligned=4K",
	};
	char text[256];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(labels); i++) {
		snprintf(text, sizeof(text), "4096 %s", labels[i]);
		check_refused(_metadata, &self->card, &self->before, text);
	}
}

static void check_label(struct __test_metadata *_metadata,
			const struct card *card, const char *label)
{
	char text[64] = "";

	EXPECT_EQ(0, card_write(card, "alloc", "4096 %s\n", label)) {
		TH_LOG("label \"%s\"", label);
		return;
	}
	EXPECT_EQ(0, attr_read(buf_attr(card, label, "label"), text,
			       sizeof(text)));
	EXPECT_STREQ(label, text);
	EXPECT_EQ(0, card_write(card, "free", "%s\n", label));
}

TEST_F(words, labels_taken)
{
	static const char * const labels[] = {
		"rx", "a", "Z", "_", "a.b", "a-b", "a_b", "A.b-c_9", "1a",
		"0x", "0x10", "1.", "9-", "pcibuf", "pcibufx", "pcibuf1x",
		"PCIBUF1", "xpcibuf1", "byte", "KBx", "MBs", "xK", "Kx", "BB",
		"bit", "iB", "kbit", "uevent", "power", "subsystem", "alloc",
		LABEL_31,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(labels); i++)
		check_label(_metadata, &self->card, labels[i]);
}

/* A word with an equals sign is never a label. align itself may be one. */
TEST_F(words, alignments_taken)
{
	static const struct {
		const char *text;
		const char *label;
		__u64 align;
	} cases[] = {
		{ "4K rx", "rx", PAGE }, { "4K rx align=1", "rx", PAGE },
		{ "4K align=4K", "0", PAGE }, { "4K align=0x1000\n", "0", PAGE },
		{ "4K rx align=4k\n", "rx", PAGE },
		{ "16K rx\t align=16K ", "rx", 16 * KIB },
		{ "1M align align=512k", "align", 512 * KIB },
	};
	const struct card *card = &self->card;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *label = cases[i].label;

		EXPECT_EQ(0, card_write(card, "alloc", "%s", cases[i].text)) {
			TH_LOG("\"%s\"", cases[i].text);
			continue;
		}
		EXPECT_EQ(cases[i].align,
			  attr_u64(buf_attr(card, label, "align"))) {
			TH_LOG("\"%s\"", cases[i].text);
		}
		EXPECT_EQ(0, attr_u64(buf_attr(card, label, "dma_addr")) %
			     cases[i].align);
		EXPECT_EQ(0, card_write(card, "free", "%s", label));
	}
}

/* A name that no buffer can have is malformed or not found. */
TEST_F(words, names_to_free)
{
	static const char * const refused[] = {
		"\n", " ", "rx ry", "-1", "../other", "other/", "other/..",
		".", "..", "a/b", "*", "pcibuf", "other other", "other\n\n",
		"MB",
	};
	static const char * const absent[] = {
		"nosuch", "7", "99999999999999999999", "4294967296",
		"18446744073709551616", "pcibuf1048575", "OTHER", "oth",
		"otherr", "pcibuf99999999999999999999",
	};
	unsigned int i;
	int err;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K other"));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		err = card_write(&self->card, "free", "%s", refused[i]);
		EXPECT_TRUE(err == EINVAL || err == ENOENT) {
			TH_LOG("\"%s\": %s", refused[i], strerror(err));
		}
	}
	for (i = 0; i < ARRAY_SIZE(absent); i++) {
		EXPECT_EQ(ENOENT, card_write(&self->card, "free", "%s",
					     absent[i])) {
			TH_LOG("\"%s\"", absent[i]);
		}
		EXPECT_EQ(ENOENT, card_write(&self->card, "revoke", "%s\n",
					     absent[i])) {
			TH_LOG("revoke \"%s\"", absent[i]);
		}
	}
	EXPECT_EQ(0, card_write(&self->card, "free", "other"));
}

/* Free by each of the three names, with and without a newline. */
TEST_F(words, free_by_every_name)
{
	char node[64];

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx\n"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "0"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	snprintf(node, sizeof(node), "%s",
		 strrchr(buf_node(&self->card, "rx"), '/') + 1);
	EXPECT_EQ(0, card_write(&self->card, "free", "%s", node));
	EXPECT_EQ(ENOENT, card_write(&self->card, "free", "%s", node));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K"));
	EXPECT_EQ(0, card_write(&self->card, "free", "0\n"));
}

static void check_told(struct __test_metadata *_metadata,
		       const struct card *card, const char *words)
{
	char text[4096] = "";

	EXPECT_EQ(0, attr_read(card_attr(card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, words)) {
		TH_LOG("\"%s\" tells nothing of \"%s\"", text, words);
	}
}

/* last_error says which word of a request is malformed. */
TEST_F(words, malformed_words)
{
	static const struct {
		const char *text;
		const char *told;
	} cases[] = {
		{ "4M4 rx align=4K", "the size is malformed" },
		{ "4K a/b align=4K", "the label is malformed" },
		{ "4K rx ry", "a word follows that is no key=value" },
		{ "4K rx align=4K ry", "a word follows that is no key=value" },
		{ "4K rx node=1", "no such key" },
		{ "4K rx align=4K align=4K", "align is given twice" },
		{ "4K rx align=", "value of align is malformed" },
		{ "4K rx align=4KB", "value of align is malformed" },
		{ "4K rx align=8388608T", "value of align is malformed or too large" },
		{ "4K rx align=12K", "value of align is not a power of two" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(EINVAL, card_write(&self->card, i % 2 ? "alloc_sg" :
					     "alloc", "%s", cases[i].text));
		check_told(_metadata, &self->card, cases[i].text);
		check_told(_metadata, &self->card, cases[i].told);
	}
	/* Another kind of request is not blamed for a word. */
	EXPECT_EQ(EINVAL, card_write(&self->card, "free", "a/b"));
	check_told(_metadata, &self->card, "free \"a/b\": EINVAL: malformed");
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

TEST_HARNESS_MAIN
