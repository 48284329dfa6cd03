// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory: chosen, charged, parked and given back here, made by the backings.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "memory/dma.h"
#include "sync_point.h"
#include "memory/memory.h"

/* The module parameter coherent. */
bool pcibuf_force_coherent;

/**
 * pcibuf_pool_init() - set up what memory needs to know of a card
 * @pool: all zero
 * @dev: the PCI device
 */
void pcibuf_pool_init(struct pcibuf_pool *pool, struct device *dev)
{
	pool->dev = dev;
	mutex_init(&pool->lock);
	INIT_LIST_HEAD(&pool->parked);
}

/**
 * pcibuf_pool_heat() - the card is about to become a bus master
 * @pool: of the card
 */
void pcibuf_pool_heat(struct pcibuf_pool *pool)
{
	mutex_lock(&pool->lock);
	pool->hot = !pcibuf_dma_translated(pool->dev);
	mutex_unlock(&pool->lock);
}

static void release(struct pcibuf_memory *memory)
{
	struct pcibuf_pool *pool = memory->pool;
	u64 size = memory->size;

	pcibuf_gate(PCIBUF_GATE_RELEASE);
	memory->ops->release(memory);
	pcibuf_gate(PCIBUF_GATE_RELEASED);
	pcibuf_quota_uncharge(&pool->quota, size);
}

/**
 * pcibuf_pool_drain() - the card is no longer a bus master: release what is
 *	parked
 * @pool: of the card
 */
void pcibuf_pool_drain(struct pcibuf_pool *pool)
{
	struct pcibuf_memory *memory, *next;
	LIST_HEAD(parked);

	mutex_lock(&pool->lock);
	pool->hot = false;
	list_splice_init(&pool->parked, &parked);
	pool->parked_bytes = 0;
	mutex_unlock(&pool->lock);

	list_for_each_entry_safe(memory, next, &parked, parked)
		release(memory);
}

/*
 * Joined with what is parked already, so that memory freed in pieces can be used
 * again as a whole.
 */
static void add_parked(struct pcibuf_pool *pool, struct pcibuf_memory *memory)
{
	struct pcibuf_memory *other;

	lockdep_assert_held(&pool->lock);
	pool->parked_bytes += memory->size;
	if (memory->ops->park)
		memory->ops->park(memory);
	list_for_each_entry(other, &pool->parked, parked)
		if (memory->ops->absorb && other->ops == memory->ops &&
		    memory->ops->absorb(other, memory))
			return;
	list_add(&memory->parked, &pool->parked);
}

/**
 * pcibuf_pool_park() - keep memory that the card may still write to
 * @pool: of the card
 * @memory: unmapped, owned by nobody, charged; released at once where the pool
 *	is not hot
 *
 * Under the lock to the end: the pool must not become hot, and then the card a bus
 * master again, before the memory is out of its reach.
 */
void pcibuf_pool_park(struct pcibuf_pool *pool, struct pcibuf_memory *memory)
{
	mutex_lock(&pool->lock);
	if (pool->hot)
		add_parked(pool, memory);
	else
		release(memory);
	mutex_unlock(&pool->lock);
}

/**
 * pcibuf_memory_retire() - end the life of a buffer's memory
 * @memory: no mapping, fault or call of its buffer uses it any more, except by
 *	references to its pages
 *
 * Behind an IOMMU: unmapped, flushed, released, in this order. Without one
 * nothing takes the memory from a card that streams on after its program died,
 * so as long as the card is a bus master its old memory stays its own.
 */
void pcibuf_memory_retire(struct pcibuf_memory *memory)
{
	memory->ops->unmap(memory);
	pcibuf_dma_flush(memory->pool->dev);
	pcibuf_pool_park(memory->pool, memory);
}

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

	ret = charge(pool, demand, demand->size - parked);
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
