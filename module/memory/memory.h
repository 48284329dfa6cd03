/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory: what a buffer is made of.
 *
 * alloc.c knows two backings, pages/backing.c and coherent.c, through a table of
 * operations, and all of this knows of the card only its pool. A struct pcibuf_memory
 * belongs to one owner at a time and has no lock of its own: the allocation
 * that makes it, then the buffer (under buffer->lock), then whoever retires it,
 * then perhaps the pool, where it is parked.
 */
#ifndef PCIBUF_MEMORY_H
#define PCIBUF_MEMORY_H

#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>

#include "memory/quota.h"
#include "uapi/pcibuf.h"

/* Pages of this order can be mapped by one entry of 2 MiB. */
#define PCIBUF_HUGE_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define PCIBUF_HUGE_PAGES	BIT(PCIBUF_HUGE_ORDER)

/**
 * struct pcibuf_pool - what memory needs to know of a card
 * @dev: the PCI device that the memory is mapped for
 * @quota: what the card takes
 * @dying: the card goes away: nothing is allocated any more, and a long allocation
 *	gives up. Set once, under the card's lock; allocations read it without
 * @lock: protects what follows
 * @dma_live: the card may still write to memory that it was once given: it is a bus
 *	master and nothing translates for it
 * @quarantined: memory whose buffer is gone, kept because the pool is hot
 * @quarantined_bytes: of all on @quarantined
 */
struct pcibuf_pool {
	struct device *dev;
	struct pcibuf_quota quota;
	bool dying;

	struct mutex lock; /* protects what follows */
	bool dma_live;
	struct list_head quarantined;
	u64 quarantined_bytes;
};

/**
 * enum pcibuf_limit - what an allocation ran into
 * @PCIBUF_LIMIT_NONE: nothing
 * @PCIBUF_LIMIT_CARD: max_bytes
 * @PCIBUF_LIMIT_TOTAL: max_total
 * @PCIBUF_LIMIT_RESERVE: the machine needs what is left of its memory
 * @PCIBUF_LIMIT_CGROUP: the memory cgroup of the caller
 * @PCIBUF_LIMIT_MASK: no free memory at addresses that the card can drive
 * @PCIBUF_LIMIT_RANGE: no contiguous memory of that size, and no IOMMU to join
 *	pieces
 * @PCIBUF_LIMIT_BOUNCE: the platform would copy instead of letting the card in
 * @PCIBUF_LIMIT_IOVA: no free range in the IOMMU's address space
 * @PCIBUF_LIMIT_COHERENT: dma_alloc_coherent() has none
 */
enum pcibuf_limit {
	PCIBUF_LIMIT_NONE,
	PCIBUF_LIMIT_CARD,
	PCIBUF_LIMIT_TOTAL,
	PCIBUF_LIMIT_RESERVE,
	PCIBUF_LIMIT_CGROUP,
	PCIBUF_LIMIT_MASK,
	PCIBUF_LIMIT_RANGE,
	PCIBUF_LIMIT_BOUNCE,
	PCIBUF_LIMIT_IOVA,
	PCIBUF_LIMIT_COHERENT,
};

/**
 * enum pcibuf_steps - ways to contiguous memory, bits
 * @PCIBUF_STEP_BLOCK: one block of the page allocator
 * @PCIBUF_STEP_NEIGHBOURS: several that lie side by side
 * @PCIBUF_STEP_CONTIG: a range that others were moved out of
 * @PCIBUF_STEP_CMA: what the kernel keeps for it (CMA)
 */
enum pcibuf_steps {
	PCIBUF_STEP_BLOCK = BIT(0),
	PCIBUF_STEP_NEIGHBOURS = BIT(1),
	PCIBUF_STEP_CONTIG = BIT(2),
	PCIBUF_STEP_CMA = BIT(3),
};

/**
 * struct pcibuf_alloc_ctx - one allocation while it is under way
 * @size: bytes wanted, whole pages
 * @contiguous: one range of bus addresses, or nothing
 * @limit: out: what it failed of
 * @steps: out: what was tried, of enum pcibuf_steps
 * @tries: out: how many ranges others were to be moved out of
 * @charged: bytes taken from the quota for it
 * @fresh: bytes that it got from the system
 * @held: bytes more that it has in its hands while it chooses
 */
struct pcibuf_alloc_ctx {
	u64 size;
	bool contiguous;
	enum pcibuf_limit limit;
	unsigned int steps;
	unsigned int tries;
	u64 charged;
	u64 fresh;
	u64 held;
};

/* For whoever takes memory: charged to the caller, no effort that hurts others. */
#define PCIBUF_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN)

struct pcibuf_memory;

/**
 * struct pcibuf_kmap - kernel addresses of a part of a buffer
 * @kaddr: address of the first byte
 * @len: bytes that can be had there
 * @page: page to hold a reference of while @kaddr is used without the buffer's
 *	lock; NULL where the memory has no reference counts
 */
struct pcibuf_kmap {
	void *kaddr;
	size_t len;
	struct page *page;
};

/**
 * struct pcibuf_memory_ops - a backing
 * @name: as sysfs shows it
 * @backing: as the ioctl shows it
 * @alloc: make zeroed memory, mapped for DMA, with its segments. May sleep
 *	long; gives up on a fatal signal (-EINTR) or when the pool dies
 *	(-ENODEV). -ENOMEM and -EDQUOT set demand->limit. Gives all back on
 *	failure
 * @page: the page at a page offset, and the order of the unit that it belongs
 *	to; NULL where there is no such operation: see @mmap
 * @mmap: map it all at once; only for a backing without @page
 * @fault: map a page that @mmap had mapped and somebody dropped since
 * @wait_idle: return when no fault and no mmap that found the buffer alive is
 *	still about to map something. Called after the buffer was marked dead
 * @kmap_at: kernel addresses at a byte offset
 * @node: NUMA node
 * @unmap: end the card's access, where the platform can
 * @quarantine: put in order what is to be parked. May be missing
 * @absorb: make one of two that are parked; false where that cannot be done. May
 *	be missing
 * @release: give the memory back to the system
 */
struct pcibuf_memory_ops {
	const char *name;
	u32 backing;
	struct pcibuf_memory *(*alloc)(struct pcibuf_pool *pool,
				       struct pcibuf_alloc_ctx *ctx);
	struct page *(*page)(struct pcibuf_memory *memory, pgoff_t pgoff,
			     unsigned int *order);
	int (*mmap)(struct pcibuf_memory *memory, struct vm_area_struct *vma);
	vm_fault_t (*fault)(struct pcibuf_memory *memory, struct vm_fault *vmf);
	void (*wait_idle)(struct pcibuf_memory *memory);
	void (*kmap_at)(struct pcibuf_memory *memory, u64 offset,
			struct pcibuf_kmap *kmap);
	int (*node)(struct pcibuf_memory *memory);
	void (*unmap)(struct pcibuf_memory *memory);
	void (*quarantine)(struct pcibuf_memory *memory);
	bool (*absorb)(struct pcibuf_memory *into,
		       struct pcibuf_memory *memory);
	void (*release)(struct pcibuf_memory *memory);
};

/**
 * struct pcibuf_memory - the memory of one buffer, or parked
 * @ops: its backing
 * @pool: of its card
 * @size: bytes; less than the buffer's where a part was taken out of the pool
 * @segments: bus addresses, in the order of offsets, valid until retired
 * @nr_segments: how many
 * @quarantined: on pool->parked, under pool->lock
 */
struct pcibuf_memory {
	const struct pcibuf_memory_ops *ops;
	struct pcibuf_pool *pool;
	u64 size;
	struct pcibuf_segment *segments;
	unsigned int nr_segments;
	struct list_head quarantined;
};

/* alloc.c */
extern bool pcibuf_force_coherent;
struct pcibuf_memory *pcibuf_memory_alloc(struct pcibuf_pool *pool,
					  struct pcibuf_alloc_ctx *ctx);

/* pages/backing.c, pages/contig_lock.c */
extern const struct pcibuf_memory_ops pcibuf_pages_ops;
int pcibuf_contig_init(void);
void pcibuf_contig_exit(void);

/* coherent.c */
extern const struct pcibuf_memory_ops pcibuf_coherent_ops;
bool pcibuf_coherent_quarantined(struct pcibuf_pool *pool, u64 size);

/* pool.c */
void pcibuf_pool_init(struct pcibuf_pool *pool, struct device *dev);
void pcibuf_pool_set_dma_live(struct pcibuf_pool *pool);
void pcibuf_pool_drain(struct pcibuf_pool *pool);
void pcibuf_pool_quarantine(struct pcibuf_pool *pool, struct pcibuf_memory *memory);
void pcibuf_memory_retire(struct pcibuf_memory *memory);

/* alloc_ctx.c */
int pcibuf_ctx_charge(struct pcibuf_pool *pool, struct pcibuf_alloc_ctx *ctx,
		      u64 bytes);
int pcibuf_ctx_add_fresh(struct pcibuf_pool *pool, struct pcibuf_alloc_ctx *ctx,
			 u64 bytes);
int pcibuf_ctx_interrupted(struct pcibuf_pool *pool);
int pcibuf_ctx_check(struct pcibuf_pool *pool, struct pcibuf_alloc_ctx *ctx);

#endif /* PCIBUF_MEMORY_H */
