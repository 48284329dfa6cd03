// SPDX-License-Identifier: GPL-2.0-only
/* Sizes, labels, names of buffers, PCI ids: module/lib/parse.c on the host. */
#include <kselftest_harness.h>

#include <linux/limits.h>

#include "lib/parse.h"

#define LABEL_31 "a234567890123456789012345678901"

/* Copy the text without a final NUL, as in write(2), to find reads beyond it. */
static char *exactly(const char *text, size_t len)
{
	char *copy = malloc(len);

	memcpy(copy, text, len);
	return copy;
}

static int size_of(const char *text, u64 *size)
{
	char *copy = exactly(text, strlen(text));
	int ret = pcibuf_parse_size(copy, strlen(text), size);

	free(copy);
	return ret;
}

static enum pcibuf_bad_word bad;

static int request_of(const char *text, size_t len,
		      struct pcibuf_request *request)
{
	char *copy = exactly(text, len);
	int ret = pcibuf_parse_request(copy, len, request, &bad);

	free(copy);
	return ret;
}

static int name_of(const char *text, char name[PCIBUF_LABEL_SIZE])
{
	char *copy = exactly(text, strlen(text));
	int ret = pcibuf_parse_name(copy, strlen(text), name);

	free(copy);
	return ret;
}

static int id_of(const char *text, struct pcibuf_id *id)
{
	char *copy = exactly(text, strlen(text));
	int ret = pcibuf_parse_id(copy, strlen(text), id);

	free(copy);
	return ret;
}

TEST(sizes)
{
	static const struct {
		const char *text;
		u64 size;
	} cases[] = {
		{ "1", 1 }, { "4096", 4096 }, { "4096\n", 4096 },
		{ "010", 10 }, { "010K", 10240 }, { "0x10", 16 },
		{ "0X1f", 31 }, { "0xAbC", 0xabc }, { "1k", 1 << 10 },
		{ "1K", 1 << 10 }, { "3M", 3 << 20 }, { "3m\n", 3 << 20 },
		{ "1g", 1 << 30 }, { "2G", 2ULL << 30 },
		{ "1T", 1ULL << 40 }, { "8388607T", 8388607ULL << 40 },
		{ "0x10K", 16 << 10 }, { "0x1G", 1 << 30 },
		{ "9223372036854775807", S64_MAX },
		{ "0x7fffffffffffffff", S64_MAX },
		{ "9007199254740991K", 9007199254740991ULL << 10 },
		{ "00000000000000000000000000000000005", 5 },
		{ "0x000000000000000000000000000000005", 5 },
		{ "99999999999999999", 99999999999999999ULL },
	};
	unsigned int i;
	u64 size;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		size = ~0ULL;
		EXPECT_EQ(0, size_of(cases[i].text, &size)) {
			TH_LOG("\"%s\"", cases[i].text);
		}
		EXPECT_EQ(cases[i].size, size) {
			TH_LOG("\"%s\"", cases[i].text);
		}
	}
}

TEST(sizes_refused)
{
	static const char * const texts[] = {
		"", "\n", " ", "0", "0\n", "00", "0x0", "0K", "-1", "-0",
		"4M4", "4MM", "0x", "0x\n", "0xK", "0xg", "x10", "K", "M",
		"1.5M", "1e6", "4,096", "4KB", "4KiB", "4 K", "512 MB", "1 2",
		"4P", "4E", "4Z", "4096\n\n", "4096\r\n", "4096\v",
		"9223372036854775808", "18446744073709551615",
		"18446744073709551616", "18446744073709551617",
		"99999999999999999999999999999999", "36893488147419103233",
		"0x8000000000000000", "0xffffffffffffffff",
		"0x10000000000000000", "0x10000000000000001",
		"8388608T", "16777216T", "16777217T", "8589934592G",
		"9007199254740992K", "18014398509481985K",
		"\xff", "4K\xff", "\xc2\xa0", "\xe2\x81\xb4",
	};
	unsigned int i;
	u64 size = 42;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		EXPECT_EQ(-EINVAL, size_of(texts[i], &size)) {
			TH_LOG("\"%s\"", texts[i]);
		}
		EXPECT_EQ(42, size);
	}
}

TEST(requests)
{
	static const struct {
		const char *text;
		u64 size;
		const char *label;
	} cases[] = {
		{ "4K", 4096, "" }, { "4K\n", 4096, "" }, { "4K ", 4096, "" },
		{ "4K rx", 4096, "rx" }, { "4K rx\n", 4096, "rx" },
		{ "4K\trx", 4096, "rx" }, { "  4K   rx\x20\n", 4096, "rx" },
		{ "1 " LABEL_31, 1, LABEL_31 }, { "0x10 0x10", 16, "0x10" },
	};
	struct pcibuf_request request;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&request, 0xff, sizeof(request));
		EXPECT_EQ(0, request_of(cases[i].text, strlen(cases[i].text),
					&request)) {
			TH_LOG("\"%s\"", cases[i].text);
			continue;
		}
		EXPECT_EQ(cases[i].size, request.size);
		EXPECT_STREQ(cases[i].label, request.label);
		EXPECT_EQ(0, request.align);
	}
}

TEST(alignments)
{
	static const struct {
		const char *text;
		const char *label;
		u64 align;
	} cases[] = {
		{ "4K rx align=4K", "rx", 4096 }, { "4K align=2M", "", 2 << 20 },
		{ "4K rx align=1", "rx", 1 }, { "4K align=1\n", "", 1 },
		{ "4K align=0x10k", "", 16 << 10 },
		{ "4K rx align=1g", "rx", 1 << 30 },
		{ "4K\trx\talign=016\n", "rx", 16 },
		{ "4K align align=64K", "align", 64 << 10 },
		{ "4K align", "align", 0 },
		{ "4K rx align=4194304T", "rx", 1ULL << 62 },
		{ "4K rx align=0x4000000000000000", "rx", 1ULL << 62 },
	};
	struct pcibuf_request request;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&request, 0xff, sizeof(request));
		EXPECT_EQ(0, request_of(cases[i].text, strlen(cases[i].text),
					&request)) {
			TH_LOG("\"%s\"", cases[i].text);
			continue;
		}
		EXPECT_EQ(4096, request.size);
		EXPECT_STREQ(cases[i].label, request.label);
		EXPECT_EQ(cases[i].align, request.align) {
			TH_LOG("\"%s\"", cases[i].text);
		}
	}
}

static const struct {
	const char *text;
	enum pcibuf_bad_word bad;
} bad_words[] = {
	{ "", PCIBUF_BAD_SIZE }, { "rx", PCIBUF_BAD_SIZE },
	{ "align=4K", PCIBUF_BAD_SIZE },
	{ "4M4 a/b align=3", PCIBUF_BAD_SIZE },
	{ "4K a/b align=3", PCIBUF_BAD_LABEL },
	{ "512 MB", PCIBUF_BAD_LABEL }, { "4K 17", PCIBUF_BAD_LABEL },
	{ "4K rx ry", PCIBUF_BAD_EXTRA },
	{ "4K rx align", PCIBUF_BAD_EXTRA },
	{ "4K align=4K rx", PCIBUF_BAD_EXTRA },
	{ "4K rx align=4K ry", PCIBUF_BAD_EXTRA },
	{ "4K rx align =4K", PCIBUF_BAD_EXTRA },
	{ "4K node=1", PCIBUF_BAD_KEY }, { "4K rx x=", PCIBUF_BAD_KEY },
	{ "4K rx =", PCIBUF_BAD_KEY }, { "4K =4K", PCIBUF_BAD_KEY },
	{ "4K ALIGN=4K", PCIBUF_BAD_KEY },
	{ "4K alig=4K", PCIBUF_BAD_KEY },
	{ "4K aligns=4K", PCIBUF_BAD_KEY },
	{ "4K align=4K node=1", PCIBUF_BAD_KEY },
	{ "4K rx align=4K align=4K", PCIBUF_BAD_TWICE },
	{ "4K align=4K align=", PCIBUF_BAD_TWICE },
	{ "4K align=", PCIBUF_BAD_ALIGN },
	{ "4K align= 4K", PCIBUF_BAD_ALIGN },
	{ "4K rx align=0", PCIBUF_BAD_ALIGN },
	{ "4K rx align=-1", PCIBUF_BAD_ALIGN },
	{ "4K rx align=x", PCIBUF_BAD_ALIGN },
	{ "4K rx align=4KB", PCIBUF_BAD_ALIGN },
	{ "4K rx align==4K", PCIBUF_BAD_ALIGN },
	{ "4K rx align=4K=", PCIBUF_BAD_ALIGN },
	{ "4K rx align=8388608T", PCIBUF_BAD_ALIGN },
	{ "4K rx align=0x8000000000000000", PCIBUF_BAD_ALIGN },
	{ "4K rx align=0x10000000000000000", PCIBUF_BAD_ALIGN },
	/* "010" is ten, as in a size. */
	{ "4K rx align=010", PCIBUF_BAD_POWER },
	{ "4K rx align=3", PCIBUF_BAD_POWER },
	{ "4K rx align=3M", PCIBUF_BAD_POWER },
	{ "4K align=4097", PCIBUF_BAD_POWER },
	{ "4K align=0x7fffffffffffffff", PCIBUF_BAD_POWER },
};

/* The first word that is malformed is the one that is reported. */
TEST(first_bad_word)
{
	struct pcibuf_request request = { .size = 42, .align = 43 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_words); i++) {
		bad = PCIBUF_NR_BAD_WORDS;
		EXPECT_EQ(-EINVAL, request_of(bad_words[i].text,
					      strlen(bad_words[i].text), &request)) {
			TH_LOG("\"%s\"", bad_words[i].text);
		}
		EXPECT_EQ(bad_words[i].bad, bad) {
			TH_LOG("\"%s\"", bad_words[i].text);
		}
		EXPECT_EQ(42, request.size);
		EXPECT_EQ(43, request.align);
	}
}

TEST(labels)
{
	static const char * const good[] = {
		"rx", "a", "Z", "_", "a.b", "a-b", "A.b-c_9", "1a", "0x",
		"pcibuf", "pcibufx", "pcibuf1x", "PCIBUF1", "xpcibuf1", "byte",
		"KBx", "MBs", "xK", "Kx", "BB", "bit", "iB", "kbit", "bytess",
		"KiBs", "Ki", "9-", LABEL_31,
	};
	struct pcibuf_request request;
	char text[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(text, sizeof(text), "1 %s", good[i]);
		EXPECT_EQ(0, request_of(text, strlen(text), &request)) {
			TH_LOG("\"%s\"", good[i]);
		}
		EXPECT_STREQ(good[i], request.label);
	}
}

TEST(labels_refused)
{
	static const char * const bad[] = {
		".a", "-a", ".", "-", "..", "a/b", "a:b", "a=b", "a,b", "a*",
		"a\\b", "a\"b", "a\nb", "a+", "0", "123", "pcibuf0",
		"pcibuf12", "pcibuf0001", LABEL_31 "2", "B", "b", "bytes",
		"Bytes", "BYTES", "K", "k", "KB", "kb", "Kb", "kB", "KiB",
		"kib", "KIB", "kiB", "M", "m", "MB", "MiB", "Mib", "G", "GB",
		"GiB", "T", "TB", "TiB", "P", "PB", "PiB", "E", "e", "EB",
		"EiB", "\xc3\xa4", "a\xff", "a\x01", "a\x7f", "node=1",
		"rx ry", "rx node=1", "rx -",
	};
	struct pcibuf_request request = { .size = 42 };
	char text[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "1 %s", bad[i]);
		EXPECT_EQ(-EINVAL, request_of(text, strlen(text), &request)) {
			TH_LOG("\"%s\"", bad[i]);
		}
		EXPECT_EQ(42, request.size);
	}
}

TEST(zero_bytes_are_no_ends)
{
	struct pcibuf_request request;

	EXPECT_EQ(-EINVAL, request_of("4K\0", 3, &request));
	EXPECT_EQ(-EINVAL, request_of("4K\0rx", 5, &request));
	EXPECT_EQ(-EINVAL, request_of("4K rx\0", 6, &request));
	EXPECT_EQ(-EINVAL, request_of("4K r\0x", 6, &request));
	EXPECT_EQ(-EINVAL, request_of("\0", 1, &request));
}

/* All bytes at all places of a short text: each gives an answer and no crash. */
TEST(any_bytes)
{
	struct pcibuf_request request;
	struct pcibuf_id id;
	char text[6] = "1K rx";
	unsigned int at, byte;
	u64 size;

	for (at = 0; at < sizeof(text); at++) {
		for (byte = 0; byte < 256; byte++) {
			memcpy(text, "1K rx", sizeof(text));
			text[at] = byte;
			request_of(text, sizeof(text), &request);
			pcibuf_parse_size(text, at, &size);
			pcibuf_parse_id(text, sizeof(text), &id);
		}
	}
	EXPECT_EQ(-EINVAL, request_of("", 0, &request));
}

TEST(names)
{
	static const char * const good[] = {
		"rx", "0", "17", "pcibuf0", "pcibuf12", "99999999999999999999",
		LABEL_31, "1234567890123456789012345678901",
		"pcibuf1234567890123456789012345",
	};
	static const char * const bad[] = {
		"", "\n", " ", "rx ry", "-1", "../rx", "rx/", ".", "..", "MB",
		LABEL_31 "2", "rx\n\n", "r\xc3\xa4", "1x=",
		/* Each would fit without its final NUL. */
		"12345678901234567890123456789012",
		"pcibuf12345678901234567890123456",
	};
	char name[PCIBUF_LABEL_SIZE] = "before";
	char text[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, name_of(bad[i], name)) {
			TH_LOG("\"%s\"", bad[i]);
		}
		EXPECT_STREQ("before", name);
	}
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		snprintf(text, sizeof(text), "%s\n", good[i]);
		EXPECT_EQ(0, name_of(text, name));
		EXPECT_STREQ(good[i], name);
	}
}

TEST(ids)
{
	struct pcibuf_id id;

	EXPECT_EQ(0, id_of("1234:11e8", &id));
	EXPECT_EQ(0x1234, id.vendor);
	EXPECT_EQ(0x11e8, id.device);
	EXPECT_EQ(PCIBUF_ANY_ID, id.subvendor);
	EXPECT_EQ(PCIBUF_ANY_ID, id.subdevice);
	EXPECT_EQ(0, id_of("ABcd:ef01:1AF4", &id));
	EXPECT_EQ(0xabcd, id.vendor);
	EXPECT_EQ(0xef01, id.device);
	EXPECT_EQ(0x1af4, id.subvendor);
	EXPECT_EQ(PCIBUF_ANY_ID, id.subdevice);
	EXPECT_EQ(0, id_of("0000:0000:0000:ffff", &id));
	EXPECT_EQ(0, id.vendor);
	EXPECT_EQ(0, id.subvendor);
	EXPECT_EQ(0xffff, id.subdevice);
}

TEST(ids_refused)
{
	static const char * const texts[] = {
		"", ":", "1234", "1234:", "1234:11e", "123:11e8", "12345:11e8",
		"1234:11e8:", "1234:11e8:1af", "1234:11e8:1af4:",
		"1234:11e8:1af4:1100:", "1234:11e8:1af4:1100:1", "1234-11e8",
		"0x12:11e8", "g234:11e8", "1234:11e8 ", " 1234:11e8",
		"1234:11e8\n", "1234::11e8", "*:*", "-234:11e8",
	};
	struct pcibuf_id id = { .vendor = 42 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		EXPECT_EQ(-EINVAL, id_of(texts[i], &id)) {
			TH_LOG("\"%s\"", texts[i]);
		}
		EXPECT_EQ(42, id.vendor);
	}
}

TEST_HARNESS_MAIN
