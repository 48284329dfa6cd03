/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-backed memory: inside of the backing. Only this folder includes this header.
 *
 * From the top: backing.c is the backing. Its memory is a list of extents
 * (extents.c), which scattered.c finds anywhere, or range.c in one place: among free
 * huge pages (neighbours.c), or by moving others out (contig.c). What is in
 * quarantine comes first (quarantine.c). aligned.c finds segments of an alignment, with
 * the same means. dma_map.c maps the list for the card.
 */
#ifndef PCIBUF_PAGES_H
#define PCIBUF_PAGES_H

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "memory/memory.h"

/* Pages after which a long allocation looks whether it goes on. */
#define PCIBUF_CHECK_EVERY	(SZ_4M >> PAGE_SHIFT)

/*
 * Ranges are searched and emptied in blocks of this order: 2 MiB, and no more than a huge
 * page, which has up to 512 MiB.
 */
#define PCIBUF_BLOCK_ORDER \
	min_t(unsigned int, PCIBUF_HUGE_ORDER, ilog2(SZ_2M) - PAGE_SHIFT)
#define PCIBUF_BLOCK_PAGES	BIT(PCIBUF_BLOCK_ORDER)

struct pcibuf_extent;

/**
 * struct pcibuf_pages - page-backed memory
 * @memory: what the rest of the driver sees
 * @nr_pages: base pages of all extents
 * @extents: list of extents (lib/extent_list.h), in the order of their offsets, without
 *	gaps; in quarantine in the order of their addresses
 * @nr_extents: length of the list
 * @max_extents: room of the list
 * @node: NUMA node that most of the memory is on
 * @sgt: the same memory for the DMA API, while it is mapped
 * @part: number of entries of @sgt that were mapped by one call
 * @cursor: in quarantine, where the last search found an extent
 * @sorted: in quarantine: the list is sorted, and can be merged with another
 */
struct pcibuf_pages {
	struct pcibuf_memory memory;
	unsigned long nr_pages;
	struct pcibuf_extent *extents;
	unsigned int nr_extents;
	unsigned int max_extents;
	int node;
	struct sg_table sgt;
	unsigned int part;
	unsigned int cursor;
	bool sorted;
};

/**
 * struct pcibuf_alloc_state - an allocation of pages while it is under way
 * @ctx: the allocation
 * @pages: gets what is found
 * @top: highest zone that may still have memory that the card reaches, negative
 *	where none has
 * @node: node that was asked last
 * @allowed: base pages that may be taken from that node before the next look
 * @narrow: the card reaches only a part of the memory
 * @low: the narrowest zone is asked too: nothing else is left
 * @quarantined: pages of an order below this may be in quarantine
 * @align: base pages: the memory is to begin at a multiple of this; 1 behind an IOMMU,
 *	where addresses of pages do not matter
 * @shift: what is added to a page frame number before that is compared: bus addresses
 *	count, not physical ones
 */
struct pcibuf_alloc_state {
	struct pcibuf_alloc_ctx *ctx;
	struct pcibuf_pages *pages;
	int top;
	int node;
	u64 allowed;
	bool narrow;
	bool low;
	unsigned int quarantined;
	unsigned long align;
	unsigned long shift;
};

/**
 * struct pcibuf_contig - a contiguous allocation while it is under way
 * @state: the allocation that it is a step of
 * @nr_pages: base pages wanted
 * @align: the page frame number of the first page is a multiple of this, for the kernel
 * @moves: how many more pages may be moved
 * @list: gets the range; has room for an extent for each huge page, and for one more
 */
struct pcibuf_contig {
	struct pcibuf_alloc_state *state;
	unsigned long nr_pages;
	unsigned long align;
	u64 moves;
	struct pcibuf_pages list;
};

/* How to ask the page allocator for this zone first. */
static inline gfp_t pcibuf_zone_gfp(enum zone_type type)
{
	switch (type) {
#ifdef CONFIG_ZONE_DMA
	case ZONE_DMA:
		return __GFP_DMA;
#endif
#ifdef CONFIG_ZONE_DMA32
	case ZONE_DMA32:
		return __GFP_DMA32;
#endif
	default:
		return 0;
	}
}

static inline struct pcibuf_pages *to_pages(struct pcibuf_memory *memory)
{
	return container_of(memory, struct pcibuf_pages, memory);
}

/* extents.c */
bool pcibuf_extents_reserve(struct pcibuf_pages *pages, unsigned int nr);
void pcibuf_extents_add(struct pcibuf_pages *pages,
			const struct pcibuf_extent *extent);
enum pcibuf_outcome pcibuf_extents_zero(struct pcibuf_pages *pages,
					const struct pcibuf_alloc_ctx *ctx);
bool pcibuf_extents_arrange(struct pcibuf_pages *pages, bool by_address);
enum pcibuf_outcome pcibuf_extents_place(struct pcibuf_pages *pages,
					 bool contiguous);
void pcibuf_extent_put(const struct pcibuf_extent *extent);
void pcibuf_extents_put(struct pcibuf_pages *pages);
u64 pcibuf_extents_release(struct pcibuf_pages *pages, u64 *held);

/* lingering.c */
bool pcibuf_page_is_broken(struct page *page, unsigned int order);
void pcibuf_page_put(struct page *page, unsigned int order);
u64 pcibuf_page_release(struct pcibuf_lingering *lingering, struct page *page,
			unsigned int order);

/* block.c */
void pcibuf_block_split(struct page *page, unsigned int order,
			unsigned long nr_pages);
bool pcibuf_block_join(struct page *page);
bool pcibuf_block_retake(struct page *page, gfp_t gfp);

/* alloc_state.c */
void pcibuf_state_init(struct pcibuf_alloc_state *state,
		       struct pcibuf_pages *pages,
		       struct pcibuf_alloc_ctx *ctx);
struct page *pcibuf_state_page(struct pcibuf_alloc_state *state, gfp_t gfp,
			       unsigned int order);
enum pcibuf_outcome pcibuf_state_none(struct pcibuf_alloc_state *state,
				      unsigned int order);
enum pcibuf_outcome pcibuf_state_limit(struct pcibuf_alloc_state *state);
enum pcibuf_outcome pcibuf_state_add(struct pcibuf_alloc_state *state,
				     const struct pcibuf_extent *extents,
				     unsigned int nr);
bool pcibuf_state_keeps_low(const struct pcibuf_alloc_state *state);
void pcibuf_state_ask_low(struct pcibuf_alloc_state *state);
unsigned long pcibuf_state_align(const struct pcibuf_alloc_state *state,
				 unsigned long pfn);

/* quarantine.c */
void pcibuf_pages_quarantine(struct pcibuf_memory *memory);
void pcibuf_pages_park(struct pcibuf_memory *memory);
enum pcibuf_outcome pcibuf_quarantine_take(struct pcibuf_alloc_state *state,
					   unsigned int order);
enum pcibuf_outcome pcibuf_quarantine_take_part(struct pcibuf_alloc_state *state,
						unsigned long nr_pages);
enum pcibuf_outcome pcibuf_quarantine_take_range(struct pcibuf_alloc_state *state,
						 unsigned long nr_pages, bool cut);

/* contig_lock.c */
enum pcibuf_outcome pcibuf_contig_lock(const struct pcibuf_alloc_ctx *ctx);
void pcibuf_contig_unlock(void);
enum pcibuf_outcome pcibuf_contig_interrupted(const struct pcibuf_alloc_ctx *ctx);
enum pcibuf_outcome pcibuf_contig_take(struct pcibuf_alloc_ctx *ctx,
				       unsigned long pfn,
				       unsigned long nr_pages);

/* cpu_ping.c */
void pcibuf_cpu_ping_init(void);
void pcibuf_cpu_ping_exit(void);
enum pcibuf_outcome pcibuf_cpu_ping(struct pcibuf_alloc_ctx *ctx);

/* migrate_cost.c */
u16 pcibuf_migrate_cost(struct zone *zone, unsigned long pfn);

/* collapse.c */
enum pcibuf_outcome pcibuf_collapse(struct pcibuf_alloc_state *state,
				    struct pcibuf_extent *range,
				    struct pcibuf_pages *into);

/* contig_zone.c */
enum pcibuf_outcome pcibuf_contig_in_zone(struct pcibuf_contig *contig,
					  struct zone *zone);

/* contig.c */
enum pcibuf_outcome pcibuf_contig_get(struct pcibuf_alloc_state *state,
				      unsigned long nr_pages);

/* neighbours.c */
enum pcibuf_outcome pcibuf_neighbours_get(struct pcibuf_alloc_state *state,
					  unsigned long nr_pages);

/* aligned.c */
enum pcibuf_outcome pcibuf_aligned_get(struct pcibuf_alloc_state *state);

/* scattered.c */
enum pcibuf_outcome pcibuf_page_get(struct pcibuf_alloc_state *state,
				    unsigned int order);
enum pcibuf_outcome pcibuf_scattered_get(struct pcibuf_alloc_state *state);

/* range.c */
enum pcibuf_outcome pcibuf_block_get(struct pcibuf_alloc_state *state,
				     unsigned long nr_pages);
enum pcibuf_outcome pcibuf_range_get(struct pcibuf_alloc_state *state);

/* dma_map.c */
enum pcibuf_outcome pcibuf_pages_map(struct pcibuf_pages *pages,
				     bool contiguous);
void pcibuf_pages_unmap(struct pcibuf_pages *pages);

#endif /* PCIBUF_PAGES_H */
