// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver takes memory of the card's node first, and then of the others. Needs two
 * nodes, the first card at node 1, and no IOMMU. The requests come from node 0.
 */
#include <kselftest_harness.h>

#include <sched.h>

#include "lib.h"

#define NODES		2
#define CONTIG_STEPS	PARAM_DIR "/contig_steps"	/* of the test build */
#define STEP_CLAIM	"4"
#define SLACK		(192 * MIB)	/* a node's reserve for atomic allocations */

FIXTURE(numa) {
	struct card card;
	struct snapshot before;
};

/* Return the free memory of a node. */
static __u64 node_free(int node)
{
	FILE *file = fopen(pathf("/sys/devices/system/node/node%d/meminfo",
				 node), "re");
	unsigned long long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Node %*d MemFree: %llu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * KIB;
}

/* The pages of the tests, and their default for allocations, are on node 0. */
FIXTURE_SETUP(numa)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpus), &cpus));
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(1, (int)attr_u64(pci_attr(&self->card, "numa_node")));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(numa)
{
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* Count the bytes on each node: ask the kernel for one page in 64 KiB. */
static void count_pages(struct __test_metadata *_metadata, struct buf *buf,
			size_t on[NODES])
{
	size_t at;

	memset(on, 0, NODES * sizeof(*on));
	for (at = 0; at < buf->size; at += 64 * KIB) {
		int node;

		EXPECT_EQ(0, buf->mem[at]);
		node = page_node(buf->mem + at);
		ASSERT_LE(0, node);
		ASSERT_GT(NODES, node);
		on[node] += 64 * KIB;
	}
}

/* numa_node is the node of most of the memory, if a buffer is on both nodes. */
static void check_node(struct __test_metadata *_metadata,
		       const struct card *card, const char *how, size_t size,
		       size_t on[NODES])
{
	struct buf buf;

	ASSERT_EQ(0, buf_make(card, how, size, "rx", &buf));
	count_pages(_metadata, &buf, on);
	EXPECT_EQ(on[1] > on[0] || size == PAGE,
		  (int)attr_u64(buf_attr(card, "rx", "numa_node")));
	TH_LOG("%s %zu MiB: %zu on node 0, %zu on node 1", how, size / MIB,
	       on[0] / MIB, on[1] / MIB);
	buf_put(&buf);
}

TEST_F_TIMEOUT(numa, near_the_card, 60)
{
	static const size_t sizes[] = { PAGE, 2 * MIB, 4 * MIB, 64 * MIB };
	size_t i, on[NODES];

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		check_node(_metadata, &self->card, "alloc", sizes[i], on);
		EXPECT_EQ(0, on[0]);
		EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
		check_node(_metadata, &self->card, "alloc_sg", sizes[i], on);
		EXPECT_EQ(0, on[0]);
		EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
	}
}

static void take_node(struct __test_metadata *_metadata,
		      const struct card *card, int node, __u64 leave)
{
	int i;

	for (i = 0; node_free(node) > leave + 16 * MIB; i++)
		if (card_write(card, "alloc_sg", "16M n%d", i))
			break;
	EXPECT_GE(leave + 16 * MIB, node_free(node));
	TH_LOG("node 0 has %llu MiB free, node 1 %llu", node_free(0) / MIB,
	       node_free(1) / MIB);
}

/*
 * The request exceeds the card's node: this node is used first, and the rest is
 * elsewhere.
 */
TEST_F_TIMEOUT(numa, segments_over_both, 120)
{
	size_t near = node_free(1), on[NODES];

	check_node(_metadata, &self->card, "alloc_sg", near + 256 * MIB, on);
	EXPECT_LE(near - SLACK, on[1]);
	EXPECT_LE(256 * MIB, on[0]);
}

TEST_F_TIMEOUT(numa, range_of_the_other, 120)
{
	size_t on[NODES];

	take_node(_metadata, &self->card, 1, SLACK);
	check_node(_metadata, &self->card, "alloc", 256 * MIB, on);
	EXPECT_EQ(0, on[1]);
	EXPECT_EQ(256 * MIB, on[0]);
}

/* A contiguous allocation is near the card too, as long as possible. */
TEST_F_TIMEOUT(numa, claimed_near_the_card, 60)
{
	char steps[32];
	size_t on[NODES];

	ASSERT_EQ(0, attr_read(CONTIG_STEPS, steps, sizeof(steps)));
	ASSERT_EQ(0, attr_write(CONTIG_STEPS, STEP_CLAIM));
	check_node(_metadata, &self->card, "alloc", 64 * MIB, on);
	EXPECT_EQ(0, on[0]);
	EXPECT_EQ(0, attr_write(CONTIG_STEPS, steps));
}

/*
 * The kernel removes page table entries again and again, to see which node uses the
 * pages, and to move them there. Pages that cannot move must be excluded.
 */
TEST_F_TIMEOUT(numa, no_hinting_faults, 60)
{
	double end = seconds() + 4;
	size_t at, size = 64 * MIB;
	struct buf buf;
	long before;

	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", size, "rx", &buf));
	memset(buf.mem, 1, size);
	before = faults();
	while (seconds() < end)
		for (at = 0; at < size; at += HUGE_PAGE)
			touch(buf.mem + at);
	EXPECT_GT(8, faults() - before);
	buf_put(&buf);
}

TEST_HARNESS_MAIN
