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
					      struct pcibuf_demand *demand)
{
	if (pcibuf_force_coherent ||
	    (demand->contiguous && pcibuf_coherent_parked(pool, demand->size)) ||
	    pcibuf_dma_wants_coherent(pool->dev, demand->contiguous))
		return &pcibuf_coherent_ops;
	return &pcibuf_pages_ops;
}

/*
 * A kernel may keep memory for contiguous allocations (CMA), which only
 * dma_alloc_coherent() gives. A mapping of that is good for less, so it comes
 * last.
 */
static struct pcibuf_memory *alloc_kept(struct pcibuf_pool *pool,
					struct pcibuf_demand *demand)
{
	struct pcibuf_memory *memory;

	demand->fresh = 0;
	demand->steps |= PCIBUF_STEP_KEPT;
	memory = pcibuf_coherent_ops.alloc(pool, demand);
	if (memory == ERR_PTR(-ENOMEM) &&
	    demand->limit == PCIBUF_LIMIT_COHERENT)
		demand->limit = PCIBUF_LIMIT_RANGE;
	return memory;
}

static u64 parked_bytes(struct pcibuf_pool *pool)
{
	u64 bytes;

	mutex_lock(&pool->lock);
	bytes = pool->parked_bytes;
	mutex_unlock(&pool->lock);
	return bytes;
}

/**
 * pcibuf_memory_alloc() - make the memory of a buffer
 * @pool: of the card; one allocation at a time, so that nobody else takes what is
 *	parked for it
 * @demand: size and kind; limit is set on failure
 *
 * Return: memory, zeroed and mapped for the card, or an ERR_PTR of -EDQUOT,
 * -ENOMEM, -EINTR or -ENODEV.
 */
struct pcibuf_memory *pcibuf_memory_alloc(struct pcibuf_pool *pool,
					  struct pcibuf_demand *demand)
{
	u64 parked = min(parked_bytes(pool), demand->size);
	struct pcibuf_memory *memory;
	int ret;

	ret = pcibuf_demand_expect(pool, demand, demand->size - parked);
	if (ret)
		return ERR_PTR(ret);
	memory = choose(pool, demand)->alloc(pool, demand);
	if (IS_ENABLED(CONFIG_DMA_CMA) && memory == ERR_PTR(-ENOMEM) &&
	    demand->limit == PCIBUF_LIMIT_RANGE)
		memory = alloc_kept(pool, demand);
	if (IS_ERR(memory))
		demand->fresh = 0;
	pcibuf_quota_uncharge(&pool->quota, demand->charged - demand->fresh);
	return memory;
}
