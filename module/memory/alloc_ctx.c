// SPDX-License-Identifier: GPL-2.0-only
/*
 * Demand: what one allocation is charged for, and whether it shall go on.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "memory/memory.h"

static int charge(struct pcibuf_pool *pool, struct pcibuf_alloc_ctx *ctx,
		  u64 bytes)
{
	switch (pcibuf_quota_charge(&pool->quota, bytes)) {
	case PCIBUF_OVER_CARD:
		ctx->limit = PCIBUF_LIMIT_CARD;
		return -EDQUOT;
	case PCIBUF_OVER_TOTAL:
		ctx->limit = PCIBUF_LIMIT_TOTAL;
		return -EDQUOT;
	default:
		ctx->charged += bytes;
		return 0;
	}
}

/**
 * pcibuf_ctx_charge() - may @bytes more be taken from the system?
 * @pool: of the card
 * @ctx: the allocation
 * @bytes: how many
 *
 * What is parked was left out when the whole was charged; where it turned out
 * not to fit, the difference is charged here.
 *
 * Return: 0 or -EDQUOT.
 */
int pcibuf_ctx_charge(struct pcibuf_pool *pool, struct pcibuf_alloc_ctx *ctx,
		      u64 bytes)
{
	u64 fresh = ctx->fresh + bytes;

	if (fresh <= ctx->charged)
		return 0;
	return charge(pool, ctx, fresh - ctx->charged);
}

/**
 * pcibuf_ctx_add_fresh() - @bytes come from the system
 * @pool: of the card
 * @ctx: the allocation
 * @bytes: how many
 *
 * Return: 0 or -EDQUOT.
 */
int pcibuf_ctx_add_fresh(struct pcibuf_pool *pool, struct pcibuf_alloc_ctx *ctx,
			 u64 bytes)
{
	int ret;

	ret = pcibuf_ctx_charge(pool, ctx, bytes);
	if (!ret)
		ctx->fresh += bytes;
	return ret;
}

/**
 * pcibuf_ctx_interrupted() - does anybody still want it?
 * @pool: of the card
 *
 * Return: 0, -EINTR or -ENODEV.
 */
int pcibuf_ctx_interrupted(struct pcibuf_pool *pool)
{
	if (READ_ONCE(pool->dying))
		return -ENODEV;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * pcibuf_ctx_check() - shall an allocation go on?
 * @pool: of the card
 * @ctx: the allocation
 *
 * Whoever holds much memory while little is left makes other allocations meet
 * the OOM killer, so a part of RAM is left alone, whatever the quotas say. What
 * was charged is what has to come from there: parked memory was left out.
 *
 * Return: 0, -EINTR, -ENODEV, or -ENOMEM with demand->limit set.
 */
int pcibuf_ctx_check(struct pcibuf_pool *pool, struct pcibuf_alloc_ctx *ctx)
{
	u64 rest = ctx->charged - min(ctx->fresh + ctx->held,
					 ctx->charged);
	long available = si_mem_available();
	int ret;

	ret = pcibuf_ctx_interrupted(pool);
	if (ret)
		return ret;
	if (available < 0 ||
	    available < (rest >> PAGE_SHIFT) + totalram_pages() / 16) {
		ctx->limit = PCIBUF_LIMIT_RESERVE;
		return -ENOMEM;
	}
	return 0;
}
