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
	unsigned int i;

	pool->dev = dev;
	mutex_init(&pool->lock);
	for (i = 0; i < PCIBUF_NR_BACKINGS; i++)
		INIT_LIST_HEAD(&pool->quarantined[i]);
	pcibuf_lingering_init(&pool->lingering, &pool->quota);
}

/**
 * pcibuf_pool_exit() - undo pcibuf_pool_init()
 * @pool: pool without memory. What somebody still holds of its memory is no longer
 *	charged to the card
 */
void pcibuf_pool_exit(struct pcibuf_pool *pool)
{
	pcibuf_lingering_orphan(&pool->lingering);
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

/**
 * pcibuf_pool_clear_dma_live() - the card is no longer a bus master
 * @pool: pool of the card; pcibuf_pool_drain() is due
 */
void pcibuf_pool_clear_dma_live(struct pcibuf_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->dma_live = false;
	mutex_unlock(&pool->lock);
}

/*
 * Give back a part of memory, which is freed with its last part. Return true where that
 * was the last.
 */
static bool release_part(struct pcibuf_memory *memory)
{
	struct pcibuf_pool *pool = memory->pool;
	u64 size = memory->size, part, held;

	pcibuf_sync_point(PCIBUF_SYNC_RELEASE);
	part = memory->ops->release(memory, &held);
	pcibuf_sync_point(PCIBUF_SYNC_RELEASED);
	pcibuf_quota_uncharge(&pool->quota, part - held);
	return part == size;
}

static bool is_whole(struct pcibuf_memory *memory)
{
	return !memory->ops->whole || memory->ops->whole(memory);
}

/* Memory that can be given back is at the front of its list. */
static struct pcibuf_memory *first_quarantined(struct pcibuf_pool *pool)
{
	struct pcibuf_memory *memory;
	unsigned int i;

	lockdep_assert_held(&pool->lock);
	for (i = 0; i < PCIBUF_NR_BACKINGS; i++) {
		memory = list_first_entry_or_null(&pool->quarantined[i],
						  struct pcibuf_memory,
						  quarantined);
		if (memory && is_whole(memory))
			return memory;
	}
	return NULL;
}

/* Return false where nothing can be given back, or the card may write to it. */
static bool drain_part(struct pcibuf_pool *pool)
{
	struct pcibuf_memory *memory = first_quarantined(pool);
	u64 size;

	if (pool->dma_live || !memory)
		return false;
	size = memory->size;
	list_del(&memory->quarantined);
	if (release_part(memory)) {
		pool->quarantined_bytes -= size;
	} else {
		pool->quarantined_bytes -= size - memory->size;
		list_add(&memory->quarantined,
			 &pool->quarantined[memory->ops->backing]);
	}
	return true;
}

/**
 * pcibuf_pool_drain() - release what is in quarantine, unless DMA is live
 * @pool: pool of the card
 *
 * A new buffer may turn bus mastering on in the midst: the rest stays in quarantine then.
 */
void pcibuf_pool_drain(struct pcibuf_pool *pool)
{
	bool more;

	do {
		mutex_lock(&pool->lock);
		more = drain_part(pool);
		mutex_unlock(&pool->lock);
		cond_resched();
	} while (more);
}

/*
 * Return true where the memory is in quarantine, or nothing is left of it. Memory that
 * goes into quarantine is put in order first, without the lock; *@ready says whether it is.
 */
static bool retire_part(struct pcibuf_memory *memory, bool *ready)
{
	struct pcibuf_pool *pool = memory->pool;
	bool park, done = true;

	mutex_lock(&pool->lock);
	park = pool->dma_live || !is_whole(memory);
	if (!park) {
		done = release_part(memory);
	} else if (*ready) {
		pool->quarantined_bytes += memory->size;
		memory->ops->park(memory);
	}
	mutex_unlock(&pool->lock);
	if (!park || *ready)
		return done;
	memory->ops->quarantine(memory);
	*ready = true;
	return false;
}

/**
 * pcibuf_pool_quarantine() - keep memory while the card may still write to it
 * @pool: pool of the card
 * @memory: unmapped, owned by nobody, charged; released where DMA is not live, and the
 *	quarantine with it
 *
 * A card that an IOMMU keeps from the memory cannot write to it. Any other card must not
 * become a bus master again while its memory is being released: so each part is released
 * under pool->lock, and what is left goes into quarantine if DMA becomes live.
 */
void pcibuf_pool_quarantine(struct pcibuf_pool *pool,
			    struct pcibuf_memory *memory)
{
	bool ready = !memory->ops->quarantine;

	if (pcibuf_dma_translated(pool->dev)) {
		while (!release_part(memory))
			cond_resched();
		return;
	}
	while (!retire_part(memory, &ready))
		cond_resched();
	pcibuf_pool_drain(pool);
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
 * pcibuf_pool_used() - how much is charged to the card now
 * @pool: pool of the card
 *
 * Takes linger_lock and quota_lock.
 *
 * Return: bytes.
 */
u64 pcibuf_pool_used(struct pcibuf_pool *pool)
{
	pcibuf_lingering_look_first(&pool->lingering);
	return pcibuf_quota_used(&pool->quota);
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
