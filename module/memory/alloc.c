// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a buffer: which backing makes it.
 */
#include <linux/err.h>

#include "memory/dma.h"
#include "memory/memory.h"

/* The module parameter coherent. */
bool pcibuf_force_coherent;

static const struct pcibuf_memory_ops *choose(struct pcibuf_pool *pool,
					      struct pcibuf_alloc_ctx *ctx)
{
	if (pcibuf_force_coherent ||
	    (ctx->contiguous && pcibuf_coherent_quarantined(pool, ctx->size)) ||
	    pcibuf_dma_wants_coherent(pool->dev, ctx->contiguous))
		return &pcibuf_coherent_ops;
	return &pcibuf_pages_ops;
}

/*
 * A kernel may keep memory for contiguous allocations (CMA), which only
 * dma_alloc_coherent() gives. A mapping of that is good for less, so it comes
 * last.
 */
static struct pcibuf_memory *alloc_cma(struct pcibuf_pool *pool,
				       struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_memory *memory;

	ctx->fresh = 0;
	ctx->steps |= PCIBUF_STEP_CMA;
	memory = pcibuf_coherent_ops.alloc(pool, ctx);
	if (memory == ERR_PTR(-ENOMEM) &&
	    ctx->limit == PCIBUF_LIMIT_COHERENT)
		ctx->limit = PCIBUF_LIMIT_RANGE;
	return memory;
}

static u64 quarantined_bytes(struct pcibuf_pool *pool)
{
	u64 bytes;

	mutex_lock(&pool->lock);
	bytes = pool->quarantined_bytes;
	mutex_unlock(&pool->lock);
	return bytes;
}

/**
 * pcibuf_memory_alloc() - make the memory of a buffer
 * @pool: of the card; one allocation at a time, so that nobody else takes what is
 *	parked for it
 * @ctx: size and kind; limit is set on failure
 *
 * Return: memory, zeroed and mapped for the card, or an ERR_PTR of -EDQUOT,
 * -ENOMEM, -EINTR or -ENODEV.
 */
struct pcibuf_memory *pcibuf_memory_alloc(struct pcibuf_pool *pool,
					  struct pcibuf_alloc_ctx *ctx)
{
	u64 quarantined = min(quarantined_bytes(pool), ctx->size);
	struct pcibuf_memory *memory;
	int ret;

	ret = pcibuf_ctx_charge(pool, ctx, ctx->size - quarantined);
	if (ret)
		return ERR_PTR(ret);
	memory = choose(pool, ctx)->alloc(pool, ctx);
	if (IS_ENABLED(CONFIG_DMA_CMA) && memory == ERR_PTR(-ENOMEM) &&
	    ctx->limit == PCIBUF_LIMIT_RANGE)
		memory = alloc_cma(pool, ctx);
	if (IS_ERR(memory))
		ctx->fresh = 0;
	pcibuf_quota_uncharge(&pool->quota, ctx->charged - ctx->fresh);
	return memory;
}
