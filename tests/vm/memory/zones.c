// SPDX-License-Identifier: GPL-2.0-only
/*
 * No buffer uses memory that the kernel must be able to move: if such a page is pinned
 * for long, the kernel tries to move it forever. Needs a guest with movablecore= and
 * without an IOMMU, where bus addresses tell where the memory is.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define MAX_SEGMENTS	1024

struct zone {
	__u64 start;	/* both in pages */
	__u64 length;
};

FIXTURE(zones) {
	struct card card;
	struct zone movable;
};

/* Find "Node 0, zone  Movable". The lines below it have its length and its start. */
static bool find_movable(struct zone *zone)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	char line[128], name[32] = "";

	memset(zone, 0, sizeof(*zone));
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %*d, zone %31s", name) == 1)
			continue;
		if (strcmp(name, "Movable"))
			continue;
		if (sscanf(line, " spanned %llu", &zone->length) == 1)
			continue;
		if (sscanf(line, " start_pfn: %llu", &zone->start) == 1)
			break;
	}
	if (file)
		fclose(file);
	return zone->length && zone->start;
}

FIXTURE_SETUP(zones)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_TRUE(find_movable(&self->movable)) {
		TH_LOG("this wants a guest with movablecore=");
	}
}

FIXTURE_TEARDOWN(zones)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

static void check_segments(struct __test_metadata *_metadata,
			   const struct card *card, const char *label,
			   const struct zone *zone)
{
	static struct pcibuf_segment segments[MAX_SEGMENTS];
	__u32 i, count = MAX_SEGMENTS;
	int fd = buf_open(card, label, O_RDONLY);

	ASSERT_EQ(0, buf_segments(fd, segments, 0, &count));
	close(fd);
	for (i = 0; i < count; i++) {
		__u64 first = segments[i].dma_addr / PAGE;
		__u64 end = first + segments[i].length / PAGE;

		EXPECT_TRUE(end <= zone->start ||
			    first >= zone->start + zone->length) {
			TH_LOG("%s: pages %#llx to %#llx", label, first, end);
		}
	}
}

/* Allocate as much as possible, in large and small buffers. */
TEST_F_TIMEOUT(zones, nothing_movable, 120)
{
	char label[16];
	int i;

	for (i = 0; i < 8; i++) {
		snprintf(label, sizeof(label), "large%d", i);
		ASSERT_EQ(0, card_write(&self->card, "alloc_sg", "48M %s",
					label));
		check_segments(_metadata, &self->card, label, &self->movable);
		snprintf(label, sizeof(label), "small%d", i);
		ASSERT_EQ(0, card_write(&self->card, "alloc", "%dK %s",
					4 << i, label));
		check_segments(_metadata, &self->card, label, &self->movable);
	}
}

TEST_HARNESS_MAIN
