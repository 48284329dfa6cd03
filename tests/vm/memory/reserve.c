// SPDX-License-Identifier: GPL-2.0-only
/*
 * The zones of each node that buffers can come from keep a share, so that no other
 * process meets the OOM killer. A member of the group allocates until the driver
 * refuses; then a bystander wants memory that only these zones have. (The runner looks
 * for an OOM kill in the kernel's log.) For guests of odd shapes: movable memory, two
 * nodes, a card of 32 bits and more memory than that, huge pages.
 */
#include <kselftest_harness.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "lib.h"

#define PIECE		(16 * MIB)
#define PIECES		2000
/* A node keeps a sixteenth; others may take some of it meanwhile. */
#define LEAST		32
#define NODES		8
#define PIPES		512		/* at most; and a quarter of the share of all */
#define PIPE_SIZE	(64 * KIB)
#define BYSTANDER_SIZE	(64 * MIB)	/* at most; and half of the share of all */
#define MPOL_BIND	2

FIXTURE(reserve) {
	struct card card;
	struct snapshot before;
};

FIXTURE_SETUP(reserve)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	ASSERT_EQ(0, card_write(&self->card, "gid", "%d", GID_PCIBUF));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(reserve)
{
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/* Returns the errno that ended it. */
static int allocate_all(void *arg)
{
	const struct card *card = arg;
	int i, err = 0;

	for (i = 0; i < PIECES && !err; i++)
		err = card_write(card, "alloc_sg", "%lu", PIECE);
	return err;
}

/**
 * struct zone - a zone of /proc/zoneinfo
 * @node: its node
 * @name: its name
 * @free: bytes that are free, or page cache
 * @managed: bytes
 */
struct zone {
	int node;
	char name[16];
	__u64 free;
	__u64 managed;
};

/* Memory that hugetlbfs does not have. */
static __u64 in_play(void)
{
	return mem_total() - mem_figure("Hugetlb:");
}

/* A card of 32 bits is served by DMA32 alone, another one by Normal, too. */
static bool is_judged(const struct card *card, const struct zone *zone)
{
	return !strcmp(zone->name, "DMA32") ||
	       (!strcmp(zone->name, "Normal") && card->mask > 32);
}

static void add(struct zone *node, const struct zone *zone)
{
	printf("# node %d, %s: %llu of %llu MiB are free\n", zone->node, zone->name,
	       (unsigned long long)(zone->free / MIB),
	       (unsigned long long)(zone->managed / MIB));
	node->free += zone->free;
	node->managed += zone->managed;
}

/* How many nodes have less than their share. */
static int poor_nodes(const struct card *card)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	struct zone zone = { }, nodes[NODES] = { };
	unsigned long long pages;
	char line[256];
	int i, poor = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Node %d, zone %15s", &zone.node, zone.name) == 2)
			zone.free = 0;
		else if (sscanf(line, " pages free %llu", &pages) == 1 ||
			 sscanf(line, " nr_zone_inactive_file %llu", &pages) == 1 ||
			 sscanf(line, " nr_zone_active_file %llu", &pages) == 1)
			zone.free += pages * PAGE;
		else if (sscanf(line, " managed %llu", &pages) == 1)
			zone.managed = pages * PAGE;
		if (!strncmp(line, "  start_pfn:", 12) && is_judged(card, &zone) &&
		    zone.node < NODES)
			add(&nodes[zone.node], &zone);
	}
	if (file)
		fclose(file);
	for (i = 0; i < NODES; i++)
		poor += nodes[i].free < nodes[i].managed / LEAST / (mem_total() / in_play());
	return file && nodes[0].managed ? poor : -1;
}

/* Memory of the kernel, which no movable zone has. */
static int fill_pipes(void *arg)
{
	struct rlimit limit = { 4 * PIPES, 4 * PIPES };
	int i, ends[2], most = in_play() / 64 / PIPE_SIZE;
	char *data = calloc(1, PIPE_SIZE);

	(void)arg;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return errno;
	for (i = 0; i < PIPES && i < most; i++)
		if (pipe(ends) || write(ends[1], data, PIPE_SIZE) != PIPE_SIZE)
			return errno;
	return 0;
}

static int touch_on_node(void *arg)
{
	unsigned long mask = 1UL << *(int *)arg;
	size_t size = in_play() / 32;
	char *mem;

	if (size > BYSTANDER_SIZE)
		size = BYSTANDER_SIZE;

	if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, 8 * sizeof(mask)))
		return errno;
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return errno;
	memset(mem, 1, size);
	return 0;
}

TEST_F_TIMEOUT(reserve, each_node_keeps_its_share, 280)
{
	int node;
	char words[512];

	ASSERT_EQ(ENOMEM, as_user(UID_ALICE, GID_PCIBUF, allocate_all,
				  &self->card));
	EXPECT_EQ(0, poor_nodes(&self->card));
	EXPECT_EQ(0, in_child(fill_pipes, NULL));
	for (node = 0; !access(pathf("/sys/devices/system/node/node%d", node), F_OK);
	     node++)
		EXPECT_EQ(0, in_child(touch_on_node, &node));
	ASSERT_EQ(0, attr_read(card_attr(&self->card, "last_error"), words,
			       sizeof(words)));
	TH_LOG("%s", words);
	EXPECT_NE(NULL, strstr(words, "too little memory would be left"));
}

TEST_F(reserve, a_little_works)
{
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K one"));
	EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "64K two"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4M three"));
}

/* The zone of 16 MiB is for cards that reach no other, on machines of any size. */
TEST_F(reserve, a_card_of_24_bits)
{
	if (iommu_translates())
		SKIP(return, "the IOMMU reaches all memory");
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "24"));
	EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "1M one"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "256K two"));
	EXPECT_GT(1ULL << 24, attr_u64(buf_attr(&self->card, "two", "dma_addr")));
}

TEST_HARNESS_MAIN
