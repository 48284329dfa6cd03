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
	    (ctx->contiguous && pcibuf_coherent_quarantined(ctx)) ||
	    pcibuf_dma_wants_coherent(pool->dev, ctx->contiguous))
		return &pcibuf_coherent_ops;
	return &pcibuf_pages_ops;
}

/*
 * A kernel may keep memory for contiguous allocations (CMA), which only
 * dma_alloc_coherent() gives. A mapping of such memory is good for less, so it comes
 * last.
 */
static enum pcibuf_outcome alloc_cma(struct pcibuf_alloc_ctx *ctx,
				     struct pcibuf_memory **memory)
{
	enum pcibuf_outcome outcome;

	ctx->fresh = 0;
	ctx->steps |= PCIBUF_STEP_CMA;
	outcome = pcibuf_coherent_ops.alloc(ctx, memory);
	switch (outcome) {
	case PCIBUF_NO_COHERENT:
	case PCIBUF_NO_ALIGN:
	case PCIBUF_OVER_NATURAL:
		return PCIBUF_NO_RANGE;
	default:
		return outcome;
	}
}

static enum pcibuf_outcome alloc_charged(struct pcibuf_alloc_ctx *ctx,
					 struct pcibuf_memory **memory)
{
	enum pcibuf_outcome outcome = choose_backing(ctx)->alloc(ctx, memory);

	if (IS_ENABLED(CONFIG_DMA_CMA) &&
	    (outcome == PCIBUF_NO_RANGE ||
	     (ctx->contiguous && outcome == PCIBUF_NO_RESERVE)))
		outcome = alloc_cma(ctx, memory);
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
	case PCIBUF_OVER_CARD:
	case PCIBUF_OVER_TOTAL:
		return -EDQUOT;
	default:
		return -ENOMEM;
	}
}

/**
 * pcibuf_memory_alloc() - make the memory of a buffer
 * @ctx: pool, size, alignment and kind are set. One allocation at a time for each pool, so that
 *	nobody else takes what is in quarantine for it; the caller holds
 *	card->alloc_lock. Its outcome is set here, and only here
 *
 * Takes pool->lock, contig_lock and quota_lock. May sleep for long.
 *
 * Return: memory, zeroed and mapped for the card, or an ERR_PTR of -EDQUOT, -ENOMEM,
 * -EINTR or -ENODEV.
 */
struct pcibuf_memory *pcibuf_memory_alloc(struct pcibuf_alloc_ctx *ctx)
{
	u64 quarantined = pcibuf_pool_quarantined_bytes(ctx->pool);
	struct pcibuf_memory *memory;
	enum pcibuf_outcome outcome;

	outcome = pcibuf_ctx_charge(ctx, ctx->size - min(quarantined, ctx->size));
	if (outcome == PCIBUF_DONE)
		outcome = alloc_charged(ctx, &memory);
	pcibuf_ctx_settle(ctx, outcome == PCIBUF_DONE);
	ctx->outcome = outcome;
	if (outcome != PCIBUF_DONE)
		return ERR_PTR(outcome_errno(outcome));
	memory->align = ctx->align;
	return memory;
}
