// SPDX-License-Identifier: GPL-2.0-only
/*
 * Demand: what one allocation is charged for, and whether it shall go on.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "memory/memory.h"

static int charge(struct pcibuf_pool *pool, struct pcibuf_demand *demand,
		  u64 bytes)
{
	switch (pcibuf_quota_charge(&pool->quota, bytes)) {
	case PCIBUF_OVER_CARD:
		demand->limit = PCIBUF_LIMIT_CARD;
		return -EDQUOT;
	case PCIBUF_OVER_TOTAL:
		demand->limit = PCIBUF_LIMIT_TOTAL;
		return -EDQUOT;
	default:
		demand->charged += bytes;
		return 0;
	}
}

/**
 * pcibuf_demand_expect() - may @bytes more be taken from the system?
 * @pool: of the card
 * @demand: the allocation
 * @bytes: how many
 *
 * What is parked was left out when the whole was charged; where it turned out
 * not to fit, the difference is charged here.
 *
 * Return: 0 or -EDQUOT.
 */
int pcibuf_demand_expect(struct pcibuf_pool *pool, struct pcibuf_demand *demand,
			 u64 bytes)
{
	u64 fresh = demand->fresh + bytes;

	if (fresh <= demand->charged)
		return 0;
	return charge(pool, demand, fresh - demand->charged);
}

/**
 * pcibuf_demand_fresh() - @bytes come from the system
 * @pool: of the card
 * @demand: the allocation
 * @bytes: how many
 *
 * Return: 0 or -EDQUOT.
 */
int pcibuf_demand_fresh(struct pcibuf_pool *pool, struct pcibuf_demand *demand,
			u64 bytes)
{
	int ret;

	ret = pcibuf_demand_expect(pool, demand, bytes);
	if (!ret)
		demand->fresh += bytes;
	return ret;
}

/**
 * pcibuf_demand_go_on() - does anybody still want it?
 * @pool: of the card
 *
 * Return: 0, -EINTR or -ENODEV.
 */
int pcibuf_demand_go_on(struct pcibuf_pool *pool)
{
	if (READ_ONCE(pool->dying))
		return -ENODEV;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * pcibuf_demand_check() - shall an allocation go on?
 * @pool: of the card
 * @demand: the allocation
 *
 * Whoever holds much memory while little is left makes other allocations meet
 * the OOM killer, so a part of RAM is left alone, whatever the quotas say. What
 * was charged is what has to come from there: parked memory was left out.
 *
 * Return: 0, -EINTR, -ENODEV, or -ENOMEM with demand->limit set.
 */
int pcibuf_demand_check(struct pcibuf_pool *pool, struct pcibuf_demand *demand)
{
	u64 rest = demand->charged - min(demand->fresh + demand->held,
					 demand->charged);
	long available = si_mem_available();
	int ret;

	ret = pcibuf_demand_go_on(pool);
	if (ret)
		return ret;
	if (available < 0 ||
	    available < (rest >> PAGE_SHIFT) + totalram_pages() / 16) {
		demand->limit = PCIBUF_LIMIT_RESERVE;
		return -ENOMEM;
	}
	return 0;
}
