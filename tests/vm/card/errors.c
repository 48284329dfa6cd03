// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each errno has one meaning, last_error explains the errno in words, and a failed
 * request changes nothing. (words.c tests malformed requests, perms.c tests EACCES.)
 */
#include <kselftest_harness.h>

#include "lib.h"

FIXTURE(errors) {
	struct card card;
	struct snapshot idle;
	struct snapshot before;		/* with a buffer that has the label held */
	char max_total[64];
};

FIXTURE_SETUP(errors)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, attr_read(MAX_TOTAL, self->max_total,
			       sizeof(self->max_total)));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->idle);
	ASSERT_EQ(0, card_write(&self->card, "alloc", "8K held"));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(errors)
{
	EXPECT_EQ(0, attr_write(MAX_TOTAL, self->max_total));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->idle));
}

/* last_error names the request and the errno. */
static void check_told(struct __test_metadata *_metadata,
		       const struct card *card, const char *request,
		       const char *name)
{
	char text[4096] = "";

	EXPECT_EQ(0, attr_read(card_attr(card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, request)) {
		TH_LOG("\"%s\" tells nothing of \"%s\"", text, request);
	}
	EXPECT_NE(NULL, strstr(text, name)) {
		TH_LOG("\"%s\" tells nothing of %s", text, name);
	}
	EXPECT_EQ(NULL, strchr(text, '\n')) {
		TH_LOG("more than one line: \"%s\"", text);
	}
}

TEST_F(errors, malformed)
{
	EXPECT_EQ(EINVAL, card_write(&self->card, "alloc", "4M4 rx"));
	check_told(_metadata, &self->card, "4M4", "EINVAL");
	EXPECT_EQ(EINVAL, card_write(&self->card, "alloc_sg", "512 MB"));
	check_told(_metadata, &self->card, "512 MB", "EINVAL");
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* last_error shows any request as one line without control characters. */
TEST_F(errors, garbage_is_told_in_printable_text)
{
	char text[4096] = "";
	size_t i;

	EXPECT_EQ(EINVAL, card_write(&self->card, "alloc",
				     "\033[2J\n\x01\xff\xc3 4M"));
	ASSERT_EQ(0, attr_read(card_attr(&self->card, "last_error"), text,
			       sizeof(text)));
	EXPECT_LT(0, strlen(text));
	for (i = 0; i < strlen(text); i++) {
		EXPECT_TRUE(text[i] >= ' ' && text[i] <= '~') {
			TH_LOG("byte %zu is %#x", i, (unsigned char)text[i]);
		}
	}
}

TEST_F(errors, label_taken)
{
	EXPECT_EQ(EEXIST, card_write(&self->card, "alloc", "4K held"));
	check_told(_metadata, &self->card, "held", "EEXIST");
	EXPECT_EQ(EEXIST, card_write(&self->card, "alloc_sg", "1M held\n"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	/* The label is available again after a free. */
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K again"));
	EXPECT_EQ(EEXIST, card_write(&self->card, "alloc", "4K again"));
	EXPECT_EQ(0, card_write(&self->card, "free", "again"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K again"));
	EXPECT_EQ(0, card_write(&self->card, "free", "again"));
}

/* A label that begins like another label is another label. */
TEST_F(errors, label_of_a_label)
{
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx2"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(ENOENT, card_write(&self->card, "free", "r"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx2"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx2"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx2"));
}

TEST_F(errors, over_max_bytes)
{
	__u64 used = self->before.allocated;

	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "%llu",
				used + 64 * KIB));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "68K rx"));
	check_told(_metadata, &self->card, "68K", "EDQUOT");
	check_told(_metadata, &self->card, "max_bytes", "EDQUOT");
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg", "65537 rx"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "64K rx"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "1"));
	EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
	/* A limit below the use is no error. It refuses every new buffer. */
	EXPECT_EQ(0, card_write(&self->card, "max_bytes", "4K"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "1M rx"));
}

/* A buffer that is being made or freed counts; one that is refused does not. */
TEST_F(errors, over_max_buffers)
{
	ASSERT_EQ(0, card_write(&self->card, "max_buffers", "2"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "12K tx"));
	check_told(_metadata, &self->card, "12K tx", "EDQUOT");
	check_told(_metadata, &self->card, "has its 2 buffers", "max_buffers");
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg", "1"));
	EXPECT_EQ(EEXIST, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(EINVAL, card_write(&self->card, "alloc", "0 tx"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K tx"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, card_write(&self->card, "max_buffers", "3"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	/* A limit below the number is no error. It refuses every new buffer. */
	EXPECT_EQ(0, card_write(&self->card, "max_buffers", "1"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "tx"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "4K rx"));
}

TEST_F(errors, over_max_total)
{
	__u64 used = self->before.allocated;

	ASSERT_EQ(0, attr_write(MAX_TOTAL, pathf("%llu", used + 64 * KIB)));
	EXPECT_EQ(0, card_write(&self->card, "max_bytes", "1G"));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "68K rx"));
	check_told(_metadata, &self->card, "68K", "EDQUOT");
	check_told(_metadata, &self->card, "max_total", "EDQUOT");
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg", "128K"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static int write_numbers(const struct card *card, const char *attr,
			 const char *const *texts, unsigned int count)
{
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < count; i++) {
		int err = card_write(card, attr, "%s", texts[i]);

		if (err == EINVAL)
			continue;
		printf("# \"%s\" to %s: %s\n", texts[i], attr, strerror(err));
		wrong++;
	}
	return wrong;
}

TEST_F(errors, malformed_numbers)
{
	static const char * const masks[] = {
		"\n", "0", "23", "65", "-1", "4294967328", "32x", "x",
		"18446744073709551648", "1K", "32 33",
	};
	static const char * const sizes[] = {
		"\n", "0", "-1", "4M4", "0x", "512 MB", "x", "1 2",
		"18446744073709551616", "16777216T",
	};
	static const char * const gids[] = {
		"\n", "-1", "4294967295", "4294967296", "x", "pcibuf", "1 2",
		"99999999999999999999",
	};
	char before[64], after[64];

	EXPECT_EQ(0, card_write(&self->card, "free", "held"));
	EXPECT_EQ(0, write_numbers(&self->card, "dma_mask_bits", masks,
				   ARRAY_SIZE(masks)));
	EXPECT_EQ(64, attr_u64(card_attr(&self->card, "dma_mask_bits")));
	attr_read(card_attr(&self->card, "max_bytes"), before, sizeof(before));
	EXPECT_EQ(0, write_numbers(&self->card, "max_bytes", sizes,
				   ARRAY_SIZE(sizes)));
	attr_read(card_attr(&self->card, "max_bytes"), after, sizeof(after));
	EXPECT_STREQ(before, after);
	EXPECT_EQ(0, write_numbers(&self->card, "gid", gids,
				   ARRAY_SIZE(gids)));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "gid")));
	check_told(_metadata, &self->card, "gid \"99999999999999999999\"", "EINVAL");
	EXPECT_EQ(EINVAL, card_write(&self->card, "dma_mask_bits", "23"));
	check_told(_metadata, &self->card, "dma_mask_bits \"23\"", "EINVAL");
	EXPECT_EQ(EINVAL, card_write(&self->card, "max_bytes", "4M4"));
	check_told(_metadata, &self->card, "max_bytes \"4M4\"", "EINVAL");
	EXPECT_EQ(EINVAL, attr_write(MAX_TOTAL, "4M4"));
	EXPECT_EQ(EINVAL, attr_write(MAX_TOTAL, "0"));
	EXPECT_EQ(EINVAL, attr_write(MAX_TOTAL, "512 MB"));
}

TEST_F(errors, malformed_counts)
{
	static const char * const counts[] = {
		"\n", "0", "-1", "4294967296", "1K", "x", "1 2",
		"99999999999999999999",
	};

	ASSERT_EQ(0, card_write(&self->card, "max_buffers", "17"));
	EXPECT_EQ(0, write_numbers(&self->card, "max_buffers", counts,
				   ARRAY_SIZE(counts)));
	EXPECT_EQ(17, attr_u64(card_attr(&self->card, "max_buffers")));
	check_told(_metadata, &self->card, "max_buffers \"9999", "EINVAL");
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* All quotas allow the request, but there is not enough memory. */
TEST_F_TIMEOUT(errors, no_memory, 120)
{
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc", "512G rx"));
	check_told(_metadata, &self->card, "512G", "ENOMEM");
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc_sg", "512G rx"));
	check_told(_metadata, &self->card, "512G", "ENOMEM");
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc_sg", "%llu rx",
				     (unsigned long long)mem_total()));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
	EXPECT_EQ(0, card_write(&self->card, "alloc_sg",
				any_size() ? "16M rx" : "1M rx"));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
}

/* Allocate buffer after buffer. Return their number; @err is the errno that ended it. */
static int take_all(struct __test_metadata *_metadata, const struct card *card,
		    int *err)
{
	const char *size = any_size() ? "16M" : "4M";
	int count;

	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(card, "max_bytes", "1T"));
	for (count = 0; ; count++) {
		*err = card_write(card, "alloc_sg", "%s r%d", size, count);
		if (*err)
			return count;
	}
}

/*
 * A part of the memory stays free for everything else. Run twice: in the first round the
 * kernel allocates page tables for its own mapping of memory and keeps them.
 */
TEST_F_TIMEOUT(errors, reserve_stays, 240)
{
	int err;

	EXPECT_LT(8, take_all(_metadata, &self->card, &err));
	EXPECT_EQ(ENOMEM, err);
	ASSERT_EQ(0, card_reset(&self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->idle);

	EXPECT_LT(8, take_all(_metadata, &self->card, &err));
	EXPECT_EQ(ENOMEM, err);
	EXPECT_LE(mem_total() / 16 - 16 * MIB, mem_available());
}

/* The request is larger than the memory below the mask. */
TEST_F_TIMEOUT(errors, no_memory_below_the_mask, 120)
{
	if (fewest_bits() > 24)
		SKIP(return, "no mask here that reaches only a little memory");
	ASSERT_EQ(0, card_write(&self->card, "free", "held"));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "24"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "8K held"));
	snapshot(&self->card, &self->before);
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc", "32M rx"));
	check_told(_metadata, &self->card, "32M", "ENOMEM");
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc_sg", "32M rx"));
	check_told(_metadata, &self->card, "32M", "ENOMEM");
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/*
 * The IOMMU has room for a half of the request, and not for the other half. The first
 * half must not stay mapped.
 */
TEST_F_TIMEOUT(errors, half_of_the_request_has_room, 60)
{
	unsigned int nr = 0;
	int err = 0;

	if (!iommu_translates() || coherent_forced())
		SKIP(return, "no IOMMU has to map pages");
	ASSERT_EQ(0, card_write(&self->card, "free", "held"));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "24"));
	while (!err)
		err = card_write(&self->card, "alloc_sg", "2M full%u", nr++);
	EXPECT_EQ(ENOMEM, err);
	ASSERT_EQ(0, card_write(&self->card, "free", "full1"));
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc_sg", "4M rx"));
	check_told(_metadata, &self->card, "the IOMMU has no free range",
		   "ENOMEM");
	EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "2M rx"));
}

TEST_F(errors, not_there)
{
	EXPECT_EQ(ENOENT, card_write(&self->card, "free", "nosuch"));
	check_told(_metadata, &self->card, "nosuch", "ENOENT");
	EXPECT_EQ(ENOENT, card_write(&self->card, "revoke", "nosuch"));
	EXPECT_EQ(ENOENT, card_write(&self->card, "free", "17"));
	EXPECT_EQ(ENOENT, card_write(&self->card, "free", "pcibuf1048575"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

TEST_F(errors, in_use)
{
	int fd = buf_open(&self->card, "held", O_RDWR);
	void *map = buf_map(fd, 8 * KIB, 0);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "held"));
	check_told(_metadata, &self->card, "held", "EBUSY");
	munmap(map, 8 * KIB);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "held"));
	map = buf_map(fd, PAGE, PAGE);
	ASSERT_NE(MAP_FAILED, map);
	close(fd);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "held"));
	EXPECT_EQ(0, touch(map));
	munmap(map, PAGE);
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

TEST_F(errors, mask_of_a_card_with_buffers)
{
	EXPECT_EQ(EBUSY, card_write(&self->card, "dma_mask_bits", "32"));
	EXPECT_EQ(64, attr_u64(card_attr(&self->card, "dma_mask_bits")));
}

/* Kill the allocating process after @delay, and read last_error. */
static void kill_allocation(const struct card *card, useconds_t delay,
			    char *text, size_t size)
{
	pid_t pid = fork();

	if (!pid)
		_exit(card_write(card, "alloc_sg", "%llu rx",
				 (unsigned long long)mem_total() / 2));
	usleep(delay);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	attr_read(card_attr(card, "last_error"), text, size);
}

/* Try several delays: a signal may come before the allocation begins or after it ends. */
TEST_F_TIMEOUT(errors, fatal_signal, 120)
{
	useconds_t delay = 500;
	char text[4096] = "";

	if (coherent_forced())
		SKIP(return, "the coherent backing comes in one piece");
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	while (delay < 2000000) {
		kill_allocation(&self->card, delay, text, sizeof(text));
		if (strstr(text, "EINTR"))
			break;
		card_write(&self->card, "free", "rx");
		delay += delay / 4;
	}
	EXPECT_NE(NULL, strstr(text, "EINTR")) {
		TH_LOG("killed after up to %u us: \"%s\"", delay, text);
	}
	EXPECT_EQ(0, card_write(&self->card, "free", "held"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->idle));
}

TEST_HARNESS_MAIN
