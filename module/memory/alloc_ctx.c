// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocation context: what an allocation is charged for, and whether it goes on.
 */
#include <linux/freezer.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "memory/memory.h"

static enum pcibuf_outcome charge(struct pcibuf_alloc_ctx *ctx, u64 bytes)
{
	switch (pcibuf_quota_charge(&ctx->pool->quota, bytes)) {
	case PCIBUF_QUOTA_CARD:
		return PCIBUF_OVER_CARD;
	case PCIBUF_QUOTA_TOTAL:
		return PCIBUF_OVER_TOTAL;
	default:
		ctx->charged += bytes;
		return PCIBUF_DONE;
	}
}

/**
 * pcibuf_ctx_charge() - charge what is about to be taken from the system
 * @ctx: the allocation
 * @bytes: how much more is to be taken
 *
 * The charge at the beginning leaves out what is in quarantine. Where that memory
 * turns out not to fit, the difference is charged here.
 *
 * Return: %PCIBUF_DONE, %PCIBUF_OVER_CARD or %PCIBUF_OVER_TOTAL.
 */
enum pcibuf_outcome pcibuf_ctx_charge(struct pcibuf_alloc_ctx *ctx, u64 bytes)
{
	u64 fresh = ctx->fresh + bytes;

	if (fresh <= ctx->charged)
		return PCIBUF_DONE;
	return charge(ctx, fresh - ctx->charged);
}

/**
 * pcibuf_ctx_add_fresh() - count what was taken from the system
 * @ctx: the allocation
 * @bytes: how much was taken
 *
 * Return: as pcibuf_ctx_charge(); nothing is counted unless it is %PCIBUF_DONE.
 */
enum pcibuf_outcome pcibuf_ctx_add_fresh(struct pcibuf_alloc_ctx *ctx,
					 u64 bytes)
{
	enum pcibuf_outcome outcome = pcibuf_ctx_charge(ctx, bytes);

	if (outcome == PCIBUF_DONE)
		ctx->fresh += bytes;
	return outcome;
}

/**
 * pcibuf_ctx_spare() - remember the first node, or zone, that kept its share
 * @ctx: the allocation
 * @nid: the node
 * @name: name of the zone
 *
 * The first is where the memory would have come from.
 */
void pcibuf_ctx_spare(struct pcibuf_alloc_ctx *ctx, int nid, const char *name)
{
	if (ctx->spared_zone)
		return;
	ctx->spared_node = nid;
	ctx->spared_zone = name;
}

/**
 * pcibuf_ctx_settle() - give back what was charged and not taken
 * @ctx: the allocation, which has ended
 * @done: it succeeded; else nothing was taken
 */
void pcibuf_ctx_settle(struct pcibuf_alloc_ctx *ctx, bool done)
{
	if (!done)
		ctx->fresh = 0;
	pcibuf_quota_uncharge(&ctx->pool->quota, ctx->charged - ctx->fresh);
	ctx->charged = ctx->fresh;
}

/**
 * pcibuf_ctx_interrupted() - does somebody still want the memory?
 * @ctx: the allocation
 *
 * The machine cannot sleep before each task is frozen. A task is not frozen here: others
 * may wait for locks that it holds, and they would keep the machine awake. So the
 * allocation ends, and the call begins again when the machine is awake.
 *
 * Return: %PCIBUF_DONE where it goes on, %PCIBUF_KILLED, %PCIBUF_DYING or
 * %PCIBUF_FREEZING.
 */
enum pcibuf_outcome pcibuf_ctx_interrupted(const struct pcibuf_alloc_ctx *ctx)
{
	if (READ_ONCE(ctx->pool->dying))
		return PCIBUF_DYING;
	if (fatal_signal_pending(current))
		return PCIBUF_KILLED;
	return freezing(current) ? PCIBUF_FREEZING : PCIBUF_DONE;
}

/**
 * pcibuf_ctx_check() - does the allocation go on, and is there memory for it?
 * @ctx: the allocation
 * @room: base pages that this step can use besides the zones of all buffers
 *
 * The reserve is left alone, whatever the quotas say. What was charged and not taken
 * yet has to come from the rest: memory in quarantine is not charged again.
 *
 * Return: %PCIBUF_DONE where it goes on, %PCIBUF_NO_RESERVE, or as
 * pcibuf_ctx_interrupted().
 */
enum pcibuf_outcome pcibuf_ctx_check(const struct pcibuf_alloc_ctx *ctx,
				     u64 room)
{
	u64 rest = ctx->charged - min(ctx->fresh + ctx->held, ctx->charged);
	enum pcibuf_outcome outcome = pcibuf_ctx_interrupted(ctx);

	if (outcome != PCIBUF_DONE)
		return outcome;
	return pcibuf_reserve_spare() + room < rest >> PAGE_SHIFT ?
		       PCIBUF_NO_RESERVE : PCIBUF_DONE;
}

/**
 * pcibuf_ctx_is_aligned() - was an alignment asked for that pages do not have anyway?
 * @ctx: the allocation
 *
 * Return: true where it was.
 */
bool pcibuf_ctx_is_aligned(const struct pcibuf_alloc_ctx *ctx)
{
	return ctx->align > PAGE_SIZE;
}

/**
 * pcibuf_ctx_beyond_natural() - is the alignment larger than the natural one?
 * @ctx: the allocation
 *
 * The DMA API takes no alignment. It aligns a range of an IOMMU's addresses, and a
 * block of dma_alloc_coherent(), to the size of the range, rounded up to a power of
 * two. A larger alignment would be luck there.
 *
 * Return: true where it is larger.
 */
bool pcibuf_ctx_beyond_natural(const struct pcibuf_alloc_ctx *ctx)
{
	return ctx->align > PAGE_SIZE && ctx->align / 2 >= ctx->size;
}
