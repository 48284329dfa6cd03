/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory: what a buffer is made of.
 *
 * alloc.c knows two backings, pages/backing.c and coherent.c, through a table of
 * operations. Of the card, this folder knows only the pool. A struct pcibuf_memory
 * belongs to one owner at a time and has no lock of its own: first to the
 * allocation that makes it, then to the buffer (under buffer->lock), then to whoever
 * retires it, and then perhaps to the pool, in quarantine.
 */
#ifndef PCIBUF_MEMORY_H
#define PCIBUF_MEMORY_H

#include <linux/build_bug.h>
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "memory/quota.h"
#include "uapi/pcibuf.h"

/* Order of the page allocator's largest blocks. */
#define PCIBUF_MAX_ORDER	const_ilog2(MAX_ORDER_NR_PAGES)

/*
 * A huge page: one entry of a page table maps a page of this order. Where the page
 * allocator has no such blocks, its largest block takes the place of a huge page.
 */
#define PCIBUF_PMD_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define PCIBUF_HUGE_ORDER	((PCIBUF_PMD_ORDER) < (PCIBUF_MAX_ORDER) ? \
				 PCIBUF_PMD_ORDER : PCIBUF_MAX_ORDER)
#define PCIBUF_HUGE_PAGES	BIT(PCIBUF_HUGE_ORDER)

static_assert(PCIBUF_HUGE_PAGES <= MAX_ORDER_NR_PAGES);

/* Numbers of backings are indexes too. */
#define PCIBUF_NR_BACKINGS	(PCIBUF_BACKING_COHERENT + 1)

/* How pages are asked for: charged to the caller, without effort that hurts others. */
#define PCIBUF_GFP	(GFP_KERNEL_ACCOUNT | __GFP_NORETRY | __GFP_NOWARN)

/**
 * struct pcibuf_lingering - pages of freed buffers that somebody still holds
 * @quota: quota that they are charged to
 * @node: entry of the list of all such lists that are not empty
 * @pages: the pages, by their lru
 * @nr: number of pages, of any order
 * @unseen: how many of them the worker looks at in this round
 * @bytes: size of all pages
 *
 * linger_lock protects all fields but @quota, which does not change.
 */
struct pcibuf_lingering {
	struct pcibuf_quota *quota;
	struct list_head node;
	struct list_head pages;
	unsigned long nr;
	unsigned long unseen;
	u64 bytes;
};

/**
 * struct pcibuf_pool - what memory knows of a card
 * @dev: PCI device that memory is mapped for
 * @quota: bytes that the card takes
 * @lingering: what was freed and is still held by somebody; a part of @quota
 * @dying: the card is going away: nothing is allocated any more, and a long
 *	allocation gives up. Set once, under the card's lock; allocations read it
 *	without a lock
 * @lock: protects the fields that follow
 * @dma_live: the card may still write to memory that it once had: it is a bus
 *	master, and no IOMMU translates for it
 * @quarantined: memory whose buffer is gone, kept while @dma_live is set, by its backing
 * @quarantined_bytes: bytes of all memory on @quarantined
 */
struct pcibuf_pool {
	struct device *dev;
	struct pcibuf_quota quota;
	struct pcibuf_lingering lingering;
	bool dying;

	struct mutex lock; /* protects the fields that follow */
	bool dma_live;
	struct list_head quarantined[PCIBUF_NR_BACKINGS];
	u64 quarantined_bytes;
};

/**
 * enum pcibuf_outcome - how an allocation, or one step of it, ended
 * @PCIBUF_DONE: the memory was added
 * @PCIBUF_NONE: this step has no such memory; the next step may have some. The
 *	outcome of a whole allocation names a limit instead
 * @PCIBUF_KILLED: a fatal signal (-EINTR)
 * @PCIBUF_DYING: the card is going away (-ENODEV)
 * @PCIBUF_FREEZING: the machine is about to sleep; the call begins again afterwards
 *	(-ERESTARTNOINTR)
 * @PCIBUF_OVER_CARD: over max_bytes (-EDQUOT)
 * @PCIBUF_OVER_TOTAL: over max_total (-EDQUOT)
 * @PCIBUF_NO_RECORDS: no memory for the driver's own records. This and all that
 *	follow are -ENOMEM
 * @PCIBUF_NO_RESERVE: the machine needs what is left of its memory
 * @PCIBUF_NO_CGROUP: the memory cgroup of the caller is full
 * @PCIBUF_NO_MASK: no free memory at addresses that the card can drive
 * @PCIBUF_NO_RANGE: no contiguous memory of that size, and no IOMMU to join pieces
 * @PCIBUF_NO_CPU: the same, and nothing can be moved, because a processor does no work
 *	for the kernel
 * @PCIBUF_NO_BOUNCE: the platform would copy instead of letting the card in
 * @PCIBUF_NO_IOVA: no free range in the IOMMU's address space
 * @PCIBUF_NO_COHERENT: dma_alloc_coherent() has no such memory
 * @PCIBUF_NO_ALIGN: no such memory at bus addresses of the alignment
 * @PCIBUF_OVER_NATURAL: the DMA API decides the address, and the alignment is larger
 *	than the one it gives
 * @PCIBUF_NR_OUTCOMES: how many there are
 */
enum pcibuf_outcome {
	PCIBUF_DONE,
	PCIBUF_NONE,
	PCIBUF_KILLED,
	PCIBUF_DYING,
	PCIBUF_FREEZING,
	PCIBUF_OVER_CARD,
	PCIBUF_OVER_TOTAL,
	PCIBUF_NO_RECORDS,
	PCIBUF_NO_RESERVE,
	PCIBUF_NO_CGROUP,
	PCIBUF_NO_MASK,
	PCIBUF_NO_RANGE,
	PCIBUF_NO_CPU,
	PCIBUF_NO_BOUNCE,
	PCIBUF_NO_IOVA,
	PCIBUF_NO_COHERENT,
	PCIBUF_NO_ALIGN,
	PCIBUF_OVER_NATURAL,
	PCIBUF_NR_OUTCOMES
};

/* Was there no memory, or none for this caller? Then another way may have some. */
static inline bool pcibuf_refused(enum pcibuf_outcome outcome)
{
	return outcome != PCIBUF_DONE && outcome != PCIBUF_KILLED &&
	       outcome != PCIBUF_FREEZING && outcome != PCIBUF_DYING;
}

/**
 * enum pcibuf_steps - ways to contiguous memory, as bits
 * @PCIBUF_STEP_BLOCK: one block of the page allocator
 * @PCIBUF_STEP_NEIGHBOURS: several free blocks side by side
 * @PCIBUF_STEP_CONTIG: a range that others are moved out of
 * @PCIBUF_STEP_CMA: memory that the kernel keeps for contiguous allocations
 * @PCIBUF_NR_STEPS: how many there are; no bit
 */
enum pcibuf_steps {
	PCIBUF_STEP_BLOCK = BIT(0),
	PCIBUF_STEP_NEIGHBOURS = BIT(1),
	PCIBUF_STEP_CONTIG = BIT(2),
	PCIBUF_STEP_CMA = BIT(3),
	PCIBUF_NR_STEPS = 4,
};

/**
 * struct pcibuf_alloc_ctx - one allocation while it is under way
 * @pool: pool of the card
 * @size: bytes wanted, whole pages
 * @align: bytes, a power of two, at least %PAGE_SIZE: the bus address of each segment
 *	is a multiple of it, and so is the length of each but the last
 * @contiguous: one range of bus addresses, or nothing
 * @outcome: out: how it ended, set once by pcibuf_memory_alloc(), for the words of
 *	last_error; nobody decides anything by it
 * @steps: out: what was tried, bits of enum pcibuf_steps, for the same words
 * @tries: out: how many ranges others were to be moved out of, likewise
 * @stuck: out: a processor did no work for the kernel in time, so nothing was moved
 * @stuck_cpu: out: that processor, for the same words
 * @spared_node: out: node of a zone that kept its share, for the same words
 * @spared_zone: out: name of that zone, NULL where none had to
 * @charged: bytes charged to the quota for it
 * @fresh: bytes that it got from the system
 * @held: bytes more that it holds while it chooses
 */
struct pcibuf_alloc_ctx {
	struct pcibuf_pool *pool;
	u64 size;
	u64 align;
	bool contiguous;
	enum pcibuf_outcome outcome;
	unsigned int steps;
	unsigned int tries;
	bool stuck;
	unsigned int stuck_cpu;
	int spared_node;
	const char *spared_zone;
	u64 charged;
	u64 fresh;
	u64 held;
};

struct pcibuf_memory;

/**
 * struct pcibuf_kmap - kernel address of a part of a buffer
 * @kaddr: address of the first byte
 * @len: bytes that can be used there
 * @page: page to hold a reference to while @kaddr is used without the buffer's
 *	lock; NULL where the memory has no reference counts
 */
struct pcibuf_kmap {
	void *kaddr;
	size_t len;
	struct page *page;
};

/**
 * struct pcibuf_memory_ops - a backing
 * @name: name in sysfs
 * @backing: number in the ioctl, PCIBUF_BACKING_*
 * @alloc: make zeroed memory, mapped for DMA, with its segments. May sleep for long;
 *	gives up on a fatal signal or when the pool dies. Gives all back on failure,
 *	and does not return %PCIBUF_NONE
 * @page: page at a page offset, and the order of the page that it belongs to. NULL
 *	for a backing without struct pages: see @mmap
 * @mmap: map it all at once; only for a backing without @page
 * @fault: map a page again that @mmap had mapped and that somebody dropped
 * @wait_idle: return when no fault and no mmap that found the buffer alive is about
 *	to map something. Called after the buffer was marked dead
 * @kmap_at: kernel address at a byte offset
 * @node: NUMA node
 * @unmap: end the card's access, where the platform can
 * @quarantine: put memory in order that goes into quarantine. Optional. Called without
 *	a lock; may take long
 * @park: add memory to the list of its backing in quarantine, and join it with what is
 *	there. Called under pool->lock
 * @whole: false for a part of what can only be given back together. Optional. Called under
 *	pool->lock
 * @release: give memory back to the system, or the next part of it. Returns how many
 *	bytes the memory no longer has; the memory is freed with the last byte. Stores how
 *	many of these bytes stay charged, because somebody holds them. The caller may hold
 *	pool->lock
 */
struct pcibuf_memory_ops {
	const char *name;
	u32 backing;
	enum pcibuf_outcome (*alloc)(struct pcibuf_alloc_ctx *ctx,
				     struct pcibuf_memory **memory);
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
	void (*park)(struct pcibuf_memory *memory);
	bool (*whole)(struct pcibuf_memory *memory);
	u64 (*release)(struct pcibuf_memory *memory, u64 *held);
};

/**
 * struct pcibuf_memory - memory of one buffer, or memory in quarantine
 * @ops: its backing
 * @pool: pool of its card
 * @size: bytes that are charged for it: those of the buffer, and those that no buffer can
 *	use beside it; in quarantine, what is left of it and of the memory that was joined
 *	with it
 * @align: alignment that the buffer has, as in struct pcibuf_alloc_ctx; undefined in
 *	quarantine
 * @segments: bus addresses, in the order of offsets, valid until it is retired
 * @nr_segments: number of segments
 * @quarantined: entry of pool->quarantined, under pool->lock
 */
struct pcibuf_memory {
	const struct pcibuf_memory_ops *ops;
	struct pcibuf_pool *pool;
	u64 size;
	u64 align;
	struct pcibuf_segment *segments;
	unsigned int nr_segments;
	struct list_head quarantined;
};

/* The zone of 16 MiB at the bottom of x86 is kept for devices that reach no other. */
static inline bool pcibuf_zone_is_tiny(struct zone *zone)
{
	return zone_end_pfn(zone) <= SZ_16M >> PAGE_SHIFT;
}

/* alloc.c */
extern bool pcibuf_force_coherent;
struct pcibuf_memory *pcibuf_memory_alloc(struct pcibuf_alloc_ctx *ctx);

/* pages/backing.c, pages/contig_lock.c */
extern const struct pcibuf_memory_ops pcibuf_pages_ops;
int pcibuf_contig_init(void);
void pcibuf_contig_exit(void);

/* coherent.c, coherent_block.c */
extern const struct pcibuf_memory_ops pcibuf_coherent_ops;
u64 pcibuf_coherent_quarantined(const struct pcibuf_alloc_ctx *ctx);

/* pool.c */
void pcibuf_pool_init(struct pcibuf_pool *pool, struct device *dev);
void pcibuf_pool_exit(struct pcibuf_pool *pool);
void pcibuf_pool_set_dma_live(struct pcibuf_pool *pool);
void pcibuf_pool_clear_dma_live(struct pcibuf_pool *pool);
void pcibuf_pool_drain(struct pcibuf_pool *pool);
void pcibuf_pool_quarantine(struct pcibuf_pool *pool,
			    struct pcibuf_memory *memory);
u64 pcibuf_pool_quarantined_bytes(struct pcibuf_pool *pool);
u64 pcibuf_pool_used(struct pcibuf_pool *pool);
void pcibuf_memory_retire(struct pcibuf_memory *memory);

/* pages/lingering.c */
int pcibuf_lingering_start(void);
void pcibuf_lingering_stop(void);
void pcibuf_lingering_init(struct pcibuf_lingering *lingering,
			   struct pcibuf_quota *quota);
void pcibuf_lingering_orphan(struct pcibuf_lingering *lingering);
bool pcibuf_lingering_look(const struct pcibuf_alloc_ctx *ctx);
void pcibuf_lingering_look_first(struct pcibuf_lingering *lingering);
u64 pcibuf_lingering_bytes(const struct pcibuf_lingering *lingering);

/* reserve.c */
u64 pcibuf_reserve_spare_of(int nid, enum zone_type top);
u64 pcibuf_reserve_spare(void);
u64 pcibuf_reserve_movable_room(void);
bool pcibuf_reserve_allows_moving(struct zone *zone, enum zone_type top,
				  unsigned long nr_pages);

/* alloc_ctx.c */
enum pcibuf_outcome pcibuf_ctx_charge(struct pcibuf_alloc_ctx *ctx, u64 bytes);
enum pcibuf_outcome pcibuf_ctx_add_fresh(struct pcibuf_alloc_ctx *ctx,
					 u64 bytes);
void pcibuf_ctx_spare(struct pcibuf_alloc_ctx *ctx, int nid, const char *name);
void pcibuf_ctx_settle(struct pcibuf_alloc_ctx *ctx, bool done);
enum pcibuf_outcome pcibuf_ctx_interrupted(const struct pcibuf_alloc_ctx *ctx);
enum pcibuf_outcome pcibuf_ctx_check(const struct pcibuf_alloc_ctx *ctx,
				     u64 room);
bool pcibuf_ctx_is_aligned(const struct pcibuf_alloc_ctx *ctx);
bool pcibuf_ctx_beyond_natural(const struct pcibuf_alloc_ctx *ctx);

#endif /* PCIBUF_MEMORY_H */
