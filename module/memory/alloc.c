// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a buffer: which backing makes it.
 */
#include <linux/err.h>

#include "memory/dma.h"
#include "memory/memory.h"

/* Module parameter coherent. */
bool pcibuf_force_coherent;

static const struct pcibuf_memory_ops *
choose_backing(const struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_pool *pool = ctx->pool;

	if (pcibuf_force_coherent ||
	    (ctx->contiguous &&
	     pcibuf_coherent_quarantined(ctx) == ctx->size) ||
	    pcibuf_dma_wants_coherent(pool->dev, ctx->contiguous))
		return &pcibuf_coherent_ops;
	return &pcibuf_pages_ops;
}

/*
 * After this outcome of pages, may coherent memory do? Where the platform copies all that
 * is mapped, dma_alloc_coherent() gives memory that it need not copy. And a kernel may
 * keep memory for contiguous allocations (CMA), which only dma_alloc_coherent() gives. A
 * mapping of such memory is good for less, so it comes last. Others are moved out of CMA
 * too: where a processor does no work for the kernel, the call would wait for it for ever.
 */
static bool coherent_may_do(const struct pcibuf_alloc_ctx *ctx,
			    enum pcibuf_outcome outcome)
{
	if (outcome == PCIBUF_NO_BOUNCE)
		return !pcibuf_dma_translated(ctx->pool->dev);
	if (IS_ENABLED(CONFIG_DMA_CMA) &&
	    (outcome == PCIBUF_NO_RANGE ||
	     (ctx->contiguous && outcome == PCIBUF_NO_RESERVE)))
		return true;
	return pcibuf_refused(outcome) &&
	       pcibuf_coherent_quarantined(ctx);
}

static enum pcibuf_outcome alloc_instead(struct pcibuf_alloc_ctx *ctx,
					 struct pcibuf_memory **memory,
					 enum pcibuf_outcome of_pages)
{
	enum pcibuf_outcome outcome;

	ctx->fresh = 0;
	if (of_pages != PCIBUF_NO_BOUNCE)
		ctx->steps |= PCIBUF_STEP_CMA;
	outcome = pcibuf_coherent_ops.alloc(ctx, memory);
	if (of_pages == PCIBUF_NO_BOUNCE)
		return outcome;
	switch (outcome) {
	case PCIBUF_NO_COHERENT:
	case PCIBUF_NO_ALIGN:
	case PCIBUF_OVER_NATURAL:
		return of_pages;
	default:
		return outcome;
	}
}

static enum pcibuf_outcome alloc_charged(struct pcibuf_alloc_ctx *ctx,
					 struct pcibuf_memory **memory)
{
	const struct pcibuf_memory_ops *ops = choose_backing(ctx);
	enum pcibuf_outcome outcome = ops->alloc(ctx, memory);

	if (ops == &pcibuf_pages_ops && coherent_may_do(ctx, outcome))
		outcome = alloc_instead(ctx, memory, outcome);
	return outcome;
}

static int outcome_errno(enum pcibuf_outcome outcome)
{
	switch (outcome) {
	case PCIBUF_DONE:
		return 0;
	case PCIBUF_KILLED:
		return -EINTR;
	case PCIBUF_DYING:
		return -ENODEV;
	case PCIBUF_FREEZING:
		return -ERESTARTNOINTR;
	case PCIBUF_OVER_CARD:
	case PCIBUF_OVER_TOTAL:
		return -EDQUOT;
	default:
		return -ENOMEM;
	}
}

static enum pcibuf_outcome try_alloc(struct pcibuf_alloc_ctx *ctx,
				     struct pcibuf_memory **memory)
{
	u64 quarantined = pcibuf_pool_quarantined_bytes(ctx->pool);
	enum pcibuf_outcome outcome;

	outcome = pcibuf_ctx_charge(ctx, ctx->size - min(quarantined, ctx->size));
	if (outcome == PCIBUF_DONE)
		outcome = alloc_charged(ctx, memory);
	pcibuf_ctx_settle(ctx, outcome == PCIBUF_DONE);
	return outcome;
}

/**
 * pcibuf_memory_alloc() - make the memory of a buffer
 * @ctx: pool, size, alignment and kind are set. One allocation at a time for each pool,
 *	so that nobody else takes what is in quarantine for it; the caller holds
 *	card->alloc_lock. Its outcome is set here, and only here
 *
 * Takes pool->lock, contig_lock, linger_lock and quota_lock. May sleep for long.
 *
 * Return: memory, zeroed and mapped for the card, or an ERR_PTR of -EDQUOT, -ENOMEM,
 * -EINTR, -ENODEV, or -ERESTARTNOINTR where the machine is about to sleep.
 */
struct pcibuf_memory *pcibuf_memory_alloc(struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_memory *memory;
	enum pcibuf_outcome outcome;

	outcome = try_alloc(ctx, &memory);
	if (outcome_errno(outcome) == -EDQUOT && pcibuf_lingering_look(ctx))
		outcome = try_alloc(ctx, &memory);
	ctx->outcome = outcome;
	if (outcome != PCIBUF_DONE)
		return ERR_PTR(outcome_errno(outcome));
	memory->align = ctx->align;
	return memory;
}
