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
 * struct pcibuf_run - physically contiguous units, each with its own reference
 * @pfn: of its first page
 * @nr_pages: how many, a multiple of the unit; while parked it may be 0
 * @first: page offset in the buffer; means nothing while parked
 * @order: each unit is one page of this order, compound above 0; at a page
 *	offset, and (above 0) a physical address, that are multiples of its size
 * @reused: it came out of the pool
 */
struct pcibuf_run {
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
 * @runs: in the order of their offsets, without gaps; while parked in that of
 *	their addresses
 * @nr_runs: how many
 * @max_runs: how many there is room for
 * @node: NUMA node that most of it is on
 * @sgt: the same for the DMA API, while it is mapped
 * @part: entries of @sgt that were mapped together
 * @cursor: where a run to take was found last, while it is parked
 */
struct pcibuf_pages {
	struct pcibuf_memory memory;
	unsigned long nr_pages;
	struct pcibuf_run *runs;
	unsigned int nr_runs;
	unsigned int max_runs;
	int node;
	struct sg_table sgt;
	unsigned int part;
	unsigned int cursor;
};

/**
 * struct pcibuf_source - an allocation of pages while it is under way
 * @pool: of the card
 * @demand: what is wanted
 * @pages: gets what was found
 * @zone: first of the zones that may still have what the card can reach
 * @zones: how many may be asked: the narrowest is kept for the end
 * @low: it is the end
 * @parked: below this order there may be parked memory
 * @piece: pages that are worth claiming at once for a card that reaches only a
 *	part of the memory; 0 where claiming does not help
 * @claims: how often that may still be done
 */
struct pcibuf_source {
	struct pcibuf_pool *pool;
	struct pcibuf_demand *demand;
	struct pcibuf_pages *pages;
	unsigned int zone;
	unsigned int zones;
	bool low;
	unsigned int parked;
	unsigned long piece;
	unsigned int claims;
};

static inline struct pcibuf_pages *to_pages(struct pcibuf_memory *memory)
{
	return container_of(memory, struct pcibuf_pages, memory);
}

/* Is @run the memory behind @last, of the same kind? */
static inline bool pcibuf_run_follows(const struct pcibuf_run *last,
				      const struct pcibuf_run *run)
{
	return last->pfn + last->nr_pages == run->pfn &&
	       last->order == run->order && last->reused == run->reused;
}

/* extents.c */
int pcibuf_runs_reserve(struct pcibuf_pages *pages, unsigned int nr);
void pcibuf_runs_add(struct pcibuf_pages *pages, const struct pcibuf_run *run);
void pcibuf_run_cut(struct pcibuf_run *run, unsigned long nr,
		    struct pcibuf_run *out);
void pcibuf_runs_place(struct pcibuf_pages *pages, bool contiguous);
void pcibuf_run_put(const struct pcibuf_run *run);
void pcibuf_runs_put(struct pcibuf_pages *pages);
int pcibuf_run_clear(struct pcibuf_source *source,
		     const struct pcibuf_run *run);

/* alloc_state.c */
void pcibuf_source_init(struct pcibuf_source *source,
			struct pcibuf_pages *pages,
			struct pcibuf_demand *demand);
struct page *pcibuf_source_page(struct pcibuf_source *source, gfp_t gfp,
				unsigned int order);
enum pcibuf_limit pcibuf_source_why(struct pcibuf_source *source,
				    unsigned int order);
int pcibuf_source_add(struct pcibuf_source *source,
		      const struct pcibuf_run *runs, unsigned int nr);
bool pcibuf_source_lower(struct pcibuf_source *source);

/* scattered.c */
int pcibuf_chunk_get(struct pcibuf_source *source, unsigned int order);
int pcibuf_chunks_get(struct pcibuf_source *source);

/* block.c */
void pcibuf_split_block(struct page *page, unsigned int order, unsigned long nr);
bool pcibuf_join_block(struct page *page);
bool pcibuf_retake(struct page *page, gfp_t gfp);

/* range.c */
int pcibuf_range_get(struct pcibuf_source *source);

/* neighbours.c */
int pcibuf_neighbours_get(struct pcibuf_source *source, unsigned long nr);

/* contig_lock.c */
int pcibuf_search_begin(struct pcibuf_source *source);
void pcibuf_search_end(void);
int pcibuf_search_go_on(struct pcibuf_source *source);
int pcibuf_claim_at(unsigned long pfn, unsigned long nr);

/* contig.c, migrate_cost.c */
int pcibuf_claim_get(struct pcibuf_source *source, unsigned long nr);
u16 pcibuf_block_cost(struct zone *zone, unsigned long pfn);

/* collapse.c */
int pcibuf_unite(struct pcibuf_source *source, struct pcibuf_run *range,
		 struct pcibuf_pages *into);

/* quarantine.c */
int pcibuf_parked_take(struct pcibuf_pool *pool, unsigned int order,
		       struct pcibuf_run *run);
int pcibuf_parked_take_range(struct pcibuf_pool *pool, unsigned long nr,
			     struct pcibuf_pages *into);
void pcibuf_pages_park(struct pcibuf_memory *memory);
bool pcibuf_pages_absorb(struct pcibuf_memory *into,
			 struct pcibuf_memory *memory);

/* dma_map.c */
int pcibuf_pages_map(struct pcibuf_pages *pages, struct pcibuf_demand *demand);
void pcibuf_pages_unmap(struct pcibuf_pages *pages);

#endif /* PCIBUF_PAGES_H */
