// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pool: the memory of a card. Quarantine of memory that the card may still write to,
 * and the end of memory.
 */
#include <linux/list.h>

#include "memory/dma.h"
#include "memory/memory.h"
#include "sync_point.h"

/**
 * pcibuf_pool_init() - set up the pool of a card
 * @pool: pool, all zero
 * @dev: PCI device of the card
 */
void pcibuf_pool_init(struct pcibuf_pool *pool, struct device *dev)
{
	pool->dev = dev;
	mutex_init(&pool->lock);
	INIT_LIST_HEAD(&pool->quarantined);
}

/**
 * pcibuf_pool_set_dma_live() - the card is about to become a bus master
 * @pool: pool of the card
 */
void pcibuf_pool_set_dma_live(struct pcibuf_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->dma_live = !pcibuf_dma_translated(pool->dev);
	mutex_unlock(&pool->lock);
}

static void release(struct pcibuf_memory *memory)
{
	struct pcibuf_pool *pool = memory->pool;
	u64 size = memory->size;

	pcibuf_sync_point(PCIBUF_SYNC_RELEASE);
	memory->ops->release(memory);
	pcibuf_sync_point(PCIBUF_SYNC_RELEASED);
	pcibuf_quota_uncharge(&pool->quota, size);
}

/**
 * pcibuf_pool_drain() - release what is in quarantine
 * @pool: pool of a card that is no longer a bus master
 */
void pcibuf_pool_drain(struct pcibuf_pool *pool)
{
	struct pcibuf_memory *memory, *next;
	LIST_HEAD(quarantined);

	mutex_lock(&pool->lock);
	pool->dma_live = false;
	list_splice_init(&pool->quarantined, &quarantined);
	pool->quarantined_bytes = 0;
	mutex_unlock(&pool->lock);

	list_for_each_entry_safe(memory, next, &quarantined, quarantined)
		release(memory);
}

/*
 * Join the memory with what is in quarantine already, so that memory that was freed
 * in pieces can be used again as a whole.
 */
static void add_quarantined(struct pcibuf_pool *pool,
			    struct pcibuf_memory *memory)
{
	struct pcibuf_memory *other;

	lockdep_assert_held(&pool->lock);
	pool->quarantined_bytes += memory->size;
	if (memory->ops->quarantine)
		memory->ops->quarantine(memory);
	list_for_each_entry(other, &pool->quarantined, quarantined)
		if (memory->ops->absorb && other->ops == memory->ops &&
		    memory->ops->absorb(other, memory))
			return;
	list_add(&memory->quarantined, &pool->quarantined);
}

/**
 * pcibuf_pool_quarantine() - keep memory while the card may still write to it
 * @pool: pool of the card
 * @memory: unmapped, owned by nobody, charged; released at once where DMA is not
 *	live
 *
 * Keep pool->lock to the end: otherwise a new buffer could turn bus mastering back
 * on while the memory is being released.
 */
void pcibuf_pool_quarantine(struct pcibuf_pool *pool,
			    struct pcibuf_memory *memory)
{
	mutex_lock(&pool->lock);
	if (pool->dma_live)
		add_quarantined(pool, memory);
	else
		release(memory);
	mutex_unlock(&pool->lock);
}

/**
 * pcibuf_pool_quarantined_bytes() - how much is in quarantine
 * @pool: pool of the card
 *
 * Return: bytes.
 */
u64 pcibuf_pool_quarantined_bytes(struct pcibuf_pool *pool)
{
	u64 bytes;

	mutex_lock(&pool->lock);
	bytes = pool->quarantined_bytes;
	mutex_unlock(&pool->lock);
	return bytes;
}

/**
 * pcibuf_memory_retire() - end the life of a buffer's memory
 * @memory: memory that no mapping, fault or call of its buffer uses any more, except
 *	by references to its pages
 *
 * Behind an IOMMU the memory is unmapped, flushed and released, in this order.
 * Without an IOMMU nothing takes the memory from a card that streams on after its
 * program died. So as long as the card is a bus master, its old memory stays in
 * quarantine.
 */
void pcibuf_memory_retire(struct pcibuf_memory *memory)
{
	memory->ops->unmap(memory);
	pcibuf_dma_flush(memory->pool->dev);
	pcibuf_pool_quarantine(memory->pool, memory);
}
