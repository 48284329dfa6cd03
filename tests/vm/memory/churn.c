// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many buffers, and many rounds, without a loss. Memory that is parked with a card if
 * nothing else keeps the card from its former memory. The bus master bit.
 */
#include <kselftest_harness.h>

#include <dirent.h>

#include "lib.h"

#define MANY		1000

FIXTURE(churn) {
	struct card card;
	struct snapshot before;
};

/* The kernel caches some memory of the first buffer. This is no leak. */
FIXTURE_SETUP(churn)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K warm"));
	ASSERT_EQ(0, card_write(&self->card, "free", "warm"));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(churn)
{
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static __u64 allocated(const struct card *card)
{
	return attr_u64(card_attr(card, "allocated_bytes"));
}

static int count_links(const struct card *card)
{
	DIR *dir = opendir(card_attr(card, "buffers"));
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

static void make_many(struct __test_metadata *_metadata,
		      const struct card *card)
{
	struct buf buf;
	int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, card_write(card, i % 3 ? "alloc" : "alloc_sg",
					"%d m%d", 4096 * (1 + i % 5), i));
		ASSERT_EQ(0, buf_get(card, pathf("m%d", i), PAGE, &buf));
		memcpy(buf.mem, &i, sizeof(i));
		buf_put(&buf);
	}
}

/* Free from the middle, and then the rest. Each buffer still has its own attributes. */
static void free_many(struct __test_metadata *_metadata,
		      const struct card *card)
{
	struct buf buf;
	int i;

	for (i = 0; i < MANY; i++) {
		int nr = (i * 617 + 333) % MANY, found = -1;

		ASSERT_EQ(0, buf_get(card, pathf("m%d", nr), PAGE, &buf));
		memcpy(&found, buf.mem, sizeof(found));
		EXPECT_EQ(nr, found);
		buf_put(&buf);
		ASSERT_EQ(0, card_write(card, "free", "m%d", nr));
	}
}

/* Run twice: in the first round the kernel takes some MiB for names and inodes. */
TEST_F_TIMEOUT(churn, thousand_buffers, 240)
{
	const struct card *card = &self->card;
	int round;

	for (round = 0; round < 2; round++) {
		snapshot(card, &self->before);
		make_many(_metadata, card);
		EXPECT_EQ(MANY, attr_u64(card_attr(card, "nr_buffers")));
		EXPECT_EQ(MANY, count_links(card));
		free_many(_metadata, card);
		EXPECT_EQ(0, count_links(card));
		EXPECT_EQ(0, allocated(card));
	}
}

/* The memory goes back to the system each time. */
TEST_F_TIMEOUT(churn, thousand_cycles, 240)
{
	const struct card *card = &self->card;
	int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, card_write(card, i % 3 ? "alloc" : "alloc_sg",
					"%d rx", 65536 * (1 + i % 7)));
		ASSERT_EQ(0, card_write(card, "free", "rx"));
	}
	EXPECT_EQ(0, allocated(card));
}

/* The memory stays parked, where memory is parked, and does not grow. */
TEST_F_TIMEOUT(churn, thousand_cycles_beside_another, 240)
{
	const struct card *card = &self->card;
	struct buf rx;
	int i;

	ASSERT_EQ(0, card_write(card, "alloc", "4K held"));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, buf_make(card, i % 3 ? "alloc" : "alloc_sg",
				      65536 * (1 + i % 7), "rx", &rx));
		rx.mem[0] = i;
		buf_put(&rx);
		ASSERT_EQ(0, card_write(card, "free", "rx"));
	}
	EXPECT_GE(16 * MIB, allocated(card));
	if (iommu_translates())
		EXPECT_EQ(PAGE, allocated(card));
}

/* Map and fill each buffer. Every page must become free again. */
TEST_F_TIMEOUT(churn, large_and_mapped, 240)
{
	__u64 size = any_size() ? 16 * MIB : 3 * MIB;
	struct buf rx;
	int i;

	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, buf_make(&self->card, "alloc_sg",
				      size + i * PAGE, "rx", &rx));
		memset(rx.mem, i, rx.size);
		buf_put(&rx);
		ASSERT_EQ(0, card_write(&self->card, "free", "rx"));
	}
}

/* Processes compete for one label, and each has a label of its own. Return the errors. */
static int fight(const struct card *card)
{
	int i, err, wrong = 0;
	struct buf own;

	for (i = 0; i < 100; i++) {
		err = card_write(card, i % 2 ? "alloc" : "alloc_sg",
				 "%dK all", 4 << i % 8);
		wrong += err && err != EEXIST;
		err = buf_make(card, "alloc", 16 * KIB, pathf("p%d", getpid()),
			       &own);
		if (err)
			return 100;
		wrong += nonzero(own.mem, own.size) != -1;
		fill(own.mem, own.size, 0, getpid());
		err = card_write(card, i % 3 ? "free" : "revoke", "all");
		wrong += err && err != ENOENT;
		wrong += mismatch(own.mem, own.size, 0, getpid()) != -1;
		buf_put(&own);
		wrong += !!card_write(card, "free", "p%d", getpid());
	}
	return wrong;
}

TEST_F_TIMEOUT(churn, many_processes_at_once, 240)
{
	const struct card *card = &self->card;
	int i, status;
	pid_t pids[4];

	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(fight(card));
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	card_write(card, "free", "all");
	EXPECT_EQ(0, attr_u64(card_attr(card, "nr_buffers")));
	EXPECT_EQ(0, allocated(card));
	EXPECT_EQ(0, count_links(card));
}

/*
 * Memory freed while the card has other buffers counts, is used first, and is released
 * with the last buffer.
 */
TEST_F(churn, parked_memory)
{
	const struct card *card = &self->card;
	__u64 bus, parked = iommu_translates() ? 0 : 64 * KIB;

	ASSERT_EQ(0, card_write(card, "alloc", "4K held"));
	ASSERT_EQ(0, card_write(card, "alloc", "64K rx"));
	bus = attr_u64(buf_attr(card, "rx", "dma_addr"));
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(1, attr_u64(card_attr(card, "nr_buffers")));
	EXPECT_EQ(PAGE + parked, allocated(card));
	ASSERT_EQ(0, card_write(card, "alloc", "64K tx"));
	EXPECT_EQ(PAGE + 64 * KIB, allocated(card));
	if (parked)
		EXPECT_EQ(bus, attr_u64(buf_attr(card, "tx", "dma_addr")));
	ASSERT_EQ(0, card_write(card, "free", "tx"));
	ASSERT_EQ(0, card_write(card, "free", "held"));
	EXPECT_EQ(0, allocated(card));
	EXPECT_EQ(0, snapshot_changes(card, &self->before));
}

/* If parked memory fills the quota, a new buffer can still use this memory. */
TEST_F(churn, parked_memory_and_quota)
{
	const struct card *card = &self->card;

	ASSERT_EQ(0, card_write(card, "max_bytes", "132K"));
	ASSERT_EQ(0, card_write(card, "alloc", "4K held"));
	ASSERT_EQ(0, card_write(card, "alloc", "128K rx"));
	EXPECT_EQ(EDQUOT, card_write(card, "alloc", "4K more"));
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(0, card_write(card, "alloc", "128K rx"));
	EXPECT_EQ(EDQUOT, card_write(card, "alloc", "4K more"));
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(0, card_write(card, "alloc_sg", "128K rx"));
	EXPECT_GE(132 * KIB, allocated(card));
	EXPECT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(0, card_write(card, "free", "held"));
	EXPECT_EQ(0, card_write(card, "alloc", "132K rx"));
}

/* An unbind releases parked memory too. */
TEST_F(churn, parked_memory_and_unbind)
{
	const struct card *card = &self->card;

	ASSERT_EQ(0, card_write(card, "alloc", "4K held"));
	ASSERT_EQ(0, card_write(card, "alloc_sg", any_size() ? "32M rx"
							     : "4M rx"));
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	ASSERT_EQ(0, card_unbind(card));
	ASSERT_EQ(0, card_bind(card));
	EXPECT_EQ(0, snapshot_changes(card, &self->before));
}

TEST_F(churn, bus_master_bit)
{
	const struct card *card = &self->card;

	ASSERT_EQ(0, card_unbind(card));
	ASSERT_EQ(0, card_bind(card));
	EXPECT_EQ(0, card_is_master(card));
	EXPECT_EQ(EINVAL, card_write(card, "alloc", "0"));
	EXPECT_EQ(0, card_is_master(card));
	ASSERT_EQ(0, card_write(card, "alloc", "4K rx"));
	EXPECT_EQ(1, card_is_master(card));
	ASSERT_EQ(0, card_write(card, "alloc_sg", "4K tx"));
	ASSERT_EQ(0, card_write(card, "free", "rx"));
	EXPECT_EQ(1, card_is_master(card));
	ASSERT_EQ(0, card_write(card, "free", "tx"));
	EXPECT_EQ(0, card_is_master(card));
	ASSERT_EQ(0, card_write(card, "alloc", "4K rx"));
	EXPECT_EQ(1, card_is_master(card));
	ASSERT_EQ(0, card_write(card, "revoke", "rx"));
	EXPECT_EQ(0, card_is_master(card));
	ASSERT_EQ(0, card_write(card, "alloc", "4K rx"));
	ASSERT_EQ(0, card_unbind(card));
	EXPECT_EQ(0, card_is_master(card));
	ASSERT_EQ(0, card_bind(card));
}

/* A failed request does not change the bus master bit. */
TEST_F(churn, bus_master_bit_after_a_failure)
{
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc", "1T"));
	EXPECT_EQ(0, card_is_master(&self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "24"));
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc", "32M"));
	EXPECT_EQ(0, card_is_master(&self->card));
}

/* Memory decoding is on after bind, so that every program can map resource0. */
TEST_F(churn, registers_are_reachable)
{
	struct edu edu;

	ASSERT_EQ(0, edu_open(&self->card, &edu));
	edu_close(&edu);
}

TEST_HARNESS_MAIN
