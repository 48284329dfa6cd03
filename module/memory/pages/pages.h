/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-backed memory: inside of the backing.
 *
 * backing.c is the backing. Its memory is a list of runs (extents.c): chunks of any
 * address (scattered.c), or one contiguous range (range.c), which is found among
 * what is free (neighbours.c) or made (contig.c); what is parked comes first
 * (quarantine.c). dma_map.c maps it.
 */
#ifndef PCIBUF_PAGES_H
#define PCIBUF_PAGES_H

#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "memory/memory.h"

/* Pages after which a long allocation looks up from its work. */
#define PCIBUF_CHECK_EVERY	(SZ_4M >> PAGE_SHIFT)

/**
 * struct pcibuf_extent - physically contiguous units, each with its own reference
 * @pfn: of its first page
 * @nr_pages: how many, a multiple of the unit; while parked it may be 0
 * @first: page offset in the buffer; means nothing while parked
 * @order: each unit is one page of this order, compound above 0; at a page
 *	offset, and (above 0) a physical address, that are multiples of its size
 * @reused: it came out of the pool
 */
struct pcibuf_extent {
	unsigned long pfn;
	unsigned long nr_pages;
	pgoff_t first;
	unsigned int order;
	bool reused;
};

/**
 * struct pcibuf_pages - page-backed memory
 * @memory: what the core sees
 * @nr_pages: of all runs
 * @extents: in the order of their offsets, without gaps; while parked in that of
 *	their addresses
 * @nr_extents: how many
 * @max_extents: how many there is room for
 * @node: NUMA node that most of it is on
 * @sgt: the same for the DMA API, while it is mapped
 * @part: entries of @sgt that were mapped together
 * @cursor: where a run to take was found last, while it is parked
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
};

/**
 * struct pcibuf_alloc_state - an allocation of pages while it is under way
 * @pool: of the card
 * @ctx: what is wanted
 * @pages: gets what was found
 * @zone: first of the zones that may still have what the card can reach
 * @zones: how many may be asked: the narrowest is kept for the end
 * @low: it is the end
 * @quarantined: below this order there may be parked memory
 * @piece: pages that are worth claiming at once for a card that reaches only a
 *	part of the memory; 0 where claiming does not help
 * @claims: how often that may still be done
 */
struct pcibuf_alloc_state {
	struct pcibuf_pool *pool;
	struct pcibuf_alloc_ctx *ctx;
	struct pcibuf_pages *pages;
	unsigned int zone;
	unsigned int zones;
	bool low;
	unsigned int quarantined;
	unsigned long piece;
	unsigned int claims;
};

static inline struct pcibuf_pages *to_pages(struct pcibuf_memory *memory)
{
	return container_of(memory, struct pcibuf_pages, memory);
}

/* Is @extent the memory behind @last, of the same kind? */
static inline bool pcibuf_extent_follows(const struct pcibuf_extent *last,
					 const struct pcibuf_extent *extent)
{
	return last->pfn + last->nr_pages == extent->pfn &&
	       last->order == extent->order && last->reused == extent->reused;
}

/* extents.c */
int pcibuf_extents_reserve(struct pcibuf_pages *pages, unsigned int nr);
void pcibuf_extents_add(struct pcibuf_pages *pages, const struct pcibuf_extent *extent);
void pcibuf_extent_cut(struct pcibuf_extent *extent, unsigned long nr,
		       struct pcibuf_extent *out);
void pcibuf_extents_place(struct pcibuf_pages *pages, bool contiguous);
void pcibuf_extent_put(const struct pcibuf_extent *extent);
void pcibuf_extents_put(struct pcibuf_pages *pages);
int pcibuf_extent_clear(struct pcibuf_alloc_state *state,
			const struct pcibuf_extent *extent);

/* alloc_state.c */
void pcibuf_state_init(struct pcibuf_alloc_state *state,
		       struct pcibuf_pages *pages,
			struct pcibuf_alloc_ctx *ctx);
struct page *pcibuf_state_page(struct pcibuf_alloc_state *state, gfp_t gfp,
			       unsigned int order);
enum pcibuf_limit pcibuf_state_limit(struct pcibuf_alloc_state *state,
				     unsigned int order);
int pcibuf_state_add(struct pcibuf_alloc_state *state,
		     const struct pcibuf_extent *extents, unsigned int nr);
bool pcibuf_state_lower(struct pcibuf_alloc_state *state);

/* scattered.c */
int pcibuf_page_get(struct pcibuf_alloc_state *state, unsigned int order);
int pcibuf_scattered_get(struct pcibuf_alloc_state *state);

/* block.c */
void pcibuf_block_split(struct page *page, unsigned int order, unsigned long nr);
bool pcibuf_block_join(struct page *page);
bool pcibuf_block_retake(struct page *page, gfp_t gfp);

/* range.c */
int pcibuf_range_get(struct pcibuf_alloc_state *state);

/* neighbours.c */
int pcibuf_neighbours_get(struct pcibuf_alloc_state *state, unsigned long nr);

/* contig_lock.c */
int pcibuf_contig_lock(struct pcibuf_alloc_state *state);
void pcibuf_contig_unlock(void);
int pcibuf_contig_interrupted(struct pcibuf_alloc_state *state);
int pcibuf_contig_take(unsigned long pfn, unsigned long nr);

/* contig.c, migrate_cost.c */
int pcibuf_contig_get(struct pcibuf_alloc_state *state, unsigned long nr);
u16 pcibuf_migrate_cost(struct zone *zone, unsigned long pfn);

/* collapse.c */
int pcibuf_collapse(struct pcibuf_alloc_state *state, struct pcibuf_extent *range,
		    struct pcibuf_pages *into);

/* quarantine.c */
int pcibuf_quarantine_take(struct pcibuf_pool *pool, unsigned int order,
			   struct pcibuf_extent *extent);
int pcibuf_quarantine_take_range(struct pcibuf_pool *pool, unsigned long nr,
				 struct pcibuf_pages *into);
void pcibuf_pages_quarantine(struct pcibuf_memory *memory);
bool pcibuf_pages_absorb(struct pcibuf_memory *into,
			 struct pcibuf_memory *memory);

/* dma_map.c */
int pcibuf_pages_map(struct pcibuf_pages *pages, struct pcibuf_alloc_ctx *ctx);
void pcibuf_pages_unmap(struct pcibuf_pages *pages);

#endif /* PCIBUF_PAGES_H */
