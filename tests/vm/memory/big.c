// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of more than 4 GiB, where a 32-bit number would overflow, and the death of a
 * process that allocates one. Needs 12 GiB and an IOMMU. One of the variants sets the
 * IOMMU to pass the card through, so that a single guest of this size is enough.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "lib.h"

#define SIZE		(8 * GIB)
#define HALF		(4 * GIB)
#define BACK_WITHIN	2.0	/* seconds */

FIXTURE(big) {
	struct card card;
	struct reach reach;
	struct snapshot before;
};

FIXTURE_VARIANT(big) {
	const char *domain;
	const char *how;	/* attribute that allocates 8 GiB */
	__u32 most;		/* allowed segments */
};

FIXTURE_VARIANT_ADD(big, translated) {
	.domain = "DMA", .how = "alloc", .most = 1,
};

FIXTURE_VARIANT_ADD(big, passed_through) {
	.domain = "identity", .how = "alloc_sg", .most = 4096,
};

/* The domain type of an IOMMU group can change only while no driver has its devices. */
static int set_domain(const struct card *card, const char *domain)
{
	const char *type = pci_attr(card, "iommu_group/type");

	if (!access(card_attr(card, ""), F_OK))
		card_unbind(card);
	return attr_write(type, domain);
}

FIXTURE_SETUP(big)
{
	struct card *card = &self->card;

	ASSERT_EQ(0, card_find(0, card));
	ASSERT_EQ(0, set_domain(card, variant->domain));
	ASSERT_EQ(0, card_get(0, card));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(card, "max_bytes", "1T"));
	snapshot(card, &self->before);
	ASSERT_EQ(0, reach_open(card, &self->reach));
}

FIXTURE_TEARDOWN(big)
{
	reach_close(&self->reach);
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static __u64 bus_of(const struct pcibuf_segment *segments, __u32 count,
		    __u64 offset)
{
	__u32 i;

	for (i = 0; i < count; i++)
		if (offset - segments[i].offset < segments[i].length)
			return segments[i].dma_addr + offset -
			       segments[i].offset;
	return NO_NUMBER;
}

/* All attributes and calls report the same size. */
static void check_sizes(struct __test_metadata *_metadata,
			const struct card *card, int fd,
			const struct pcibuf_segment *segments, __u32 count)
{
	FILE *file = fopen(buf_attr(card, "rx", "segments"), "re");
	unsigned long long offset, bus, length;
	struct pcibuf_info info;
	__u64 covered = 0;
	__u32 i;

	EXPECT_EQ(SIZE, attr_u64(buf_attr(card, "rx", "size")));
	EXPECT_EQ(SIZE + PAGE, attr_u64(card_attr(card, "allocated_bytes")));
	ASSERT_EQ(0, buf_info(fd, &info));
	EXPECT_EQ(SIZE, info.size);
	EXPECT_EQ(count, info.nr_segments);
	EXPECT_EQ(count, attr_u64(buf_attr(card, "rx", "nr_segments")));
	for (i = 0; i < count; i++) {
		ASSERT_EQ(3, fscanf(file, "%llx %llx %llx\n", &offset, &bus,
				    &length));
		EXPECT_EQ(offset, covered);
		EXPECT_EQ(offset, segments[i].offset);
		EXPECT_EQ(bus, segments[i].dma_addr);
		EXPECT_EQ(length, segments[i].length);
		covered += length;
	}
	fclose(file);
	EXPECT_EQ(SIZE, covered);
	EXPECT_EQ((off_t)SIZE, lseek(fd, 0, SEEK_END));
}

/* Access a page by a mapping of its own, by the whole mapping, by calls, and by DMA. */
static void check_page(struct __test_metadata *_metadata,
		       struct reach *reach, struct buf *rx, __u64 offset,
		       __u64 bus)
{
	unsigned char *mem = buf_map(rx->fd, PAGE, offset);
	unsigned char text[64];

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(-1, nonzero(mem, PAGE));
	fill(mem, PAGE, offset, 1);
	EXPECT_EQ(-1, mismatch(rx->mem + offset, PAGE, offset, 1));
	ASSERT_EQ((ssize_t)sizeof(text),
		  pread(rx->fd, text, sizeof(text), offset));
	EXPECT_EQ(-1, mismatch(text, sizeof(text), offset, 1));
	ASSERT_EQ(8, pwrite(rx->fd, "8 bytes.", 8, offset + 64));
	EXPECT_EQ(0, memcmp(mem + 64, "8 bytes.", 8));
	EXPECT_EQ(0, reaches(reach, bus, mem));
	EXPECT_EQ(0, reaches(reach, bus + PAGE - 1, mem + PAGE - 1)) {
		TH_LOG("at offset %#llx, bus address %#llx", offset, bus);
	}
	munmap(mem, PAGE);
}

static void check_edges(struct __test_metadata *_metadata, int fd)
{
	char byte;

	EXPECT_EQ(MAP_FAILED, buf_map(fd, PAGE, SIZE));
	EXPECT_EQ(MAP_FAILED, buf_map(fd, SIZE, PAGE));
	EXPECT_EQ(0, pread(fd, &byte, 1, SIZE));
	EXPECT_EQ(1, pread(fd, &byte, 1, SIZE - 1));
}

TEST_F_TIMEOUT(big, eight_gib, 240)
{
	static const __u64 places[] = {
		0, HALF - PAGE, HALF, 5 * GIB, SIZE - PAGE,
	};
	struct pcibuf_segment *segments;
	struct buf rx;
	__u32 count;
	size_t i;

	ASSERT_EQ(0, buf_make(&self->card, variant->how, SIZE, "rx", &rx));
	segments = segments_of(rx.fd, &count);
	ASSERT_NE(NULL, segments);
	TH_LOG("%u segments, the first of %#llx bytes", count,
	       segments[0].length);
	EXPECT_GE(variant->most, count);
	check_sizes(_metadata, &self->card, rx.fd, segments, count);
	for (i = 0; i < ARRAY_SIZE(places); i++)
		check_page(_metadata, &self->reach, &rx, places[i],
			   bus_of(segments, count, places[i]));
	check_edges(_metadata, rx.fd);
	free(segments);
	buf_put(&rx);
}

static bool is_back(const struct card *card, const struct snapshot *idle)
{
	return attr_u64(card_attr(card, "allocated_bytes")) ==
	       idle->allocated &&
	       mem_available() + 2 * MIB > idle->available;
}

/* Return the seconds until all memory was free again, negative if nothing was killed. */
static double kill_after(const struct card *card, const char *how, useconds_t us,
			 const struct snapshot *idle)
{
	char text[1024] = "";
	double start, took;
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(card_write(card, how, "%llu rx",
				 (unsigned long long)HALF));
	usleep(us);
	start = seconds();
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	while (!is_back(card, idle) && seconds() < start + 2 * BACK_WITHIN)
		usleep(1000);
	took = seconds() - start;
	attr_read(card_attr(card, "last_error"), text, sizeof(text));
	card_write(card, "revoke", "rx");
	return strstr(text, "EINTR") && strstr(text, how) ? took : -1;
}

/* Kill at several times during the allocation. A late kill finds the buffer allocated. */
static void check_kill(struct __test_metadata *_metadata,
		       const struct card *card, const char *how)
{
	struct snapshot idle;
	useconds_t us;
	int killed = 0;
	double took;

	snapshot(card, &idle);
	for (us = 8000; us < 2000000 && killed < 4; us *= 4) {
		took = kill_after(card, how, us, &idle);
		if (took < 0)
			continue;
		killed++;
		TH_LOG("%s killed after %u ms: back in %d ms", how, us / 1000,
		       (int)(took * 1000));
		EXPECT_GT(BACK_WITHIN, took);
		EXPECT_EQ(0, card_write(card, "alloc", "4K again"));
		EXPECT_EQ(0, card_write(card, "revoke", "again"));
	}
	EXPECT_LE(1, killed);
	EXPECT_EQ(0, snapshot_changes(card, &idle));
}

/* Revoke the spare buffer, so that nothing is parked. */
TEST_F_TIMEOUT(big, killed, 120)
{
	EXPECT_EQ(0, card_write(&self->card, "revoke", "spare"));
	check_kill(_metadata, &self->card, "alloc_sg");
	check_kill(_metadata, &self->card, "alloc");
}

TEST_HARNESS_MAIN
