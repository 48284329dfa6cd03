/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page-backed memory: inside of the backing.
 *
 * pages.c is the backing, chunks.c finds its memory, parked.c finds it among what
 * is parked, pages_dma.c maps it.
 */
#ifndef PCIBUF_PAGES_H
#define PCIBUF_PAGES_H

#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "memory.h"

/* Pages of this order can be mapped by one entry of 2 MiB. */
#define PCIBUF_HUGE_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define PCIBUF_HUGE_PAGES	BIT(PCIBUF_HUGE_ORDER)

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
 * @runs: in the order of their offsets, without gaps; while parked in that of
 *	their addresses
 * @nr_runs: how many
 * @max_runs: how many there is room for
 * @sgt: the same for the DMA API, while it is mapped
 * @part: entries of @sgt that were mapped together
 * @cursor: where the search for a run to take began last, while it is parked
 */
struct pcibuf_pages {
	struct pcibuf_memory memory;
	struct pcibuf_run *runs;
	unsigned int nr_runs;
	unsigned int max_runs;
	struct sg_table sgt;
	unsigned int part;
	unsigned int cursor;
};

/**
 * struct pcibuf_source - where an allocation looks for memory
 * @pool: of the card
 * @demand: the allocation
 * @zone: first of the zones that may still have what the card can reach
 */
struct pcibuf_source {
	struct pcibuf_pool *pool;
	struct pcibuf_demand *demand;
	unsigned int zone;
};

static inline struct pcibuf_pages *to_pages(struct pcibuf_memory *memory)
{
	return container_of(memory, struct pcibuf_pages, memory);
}

/* Is @run the memory behind @last, in units of the same kind? */
static inline bool pcibuf_run_follows(const struct pcibuf_run *last,
				      const struct pcibuf_run *run)
{
	return last->pfn + last->nr_pages == run->pfn &&
	       last->order == run->order;
}

void pcibuf_source_init(struct pcibuf_source *source, struct pcibuf_pool *pool,
			struct pcibuf_demand *demand);
enum pcibuf_limit pcibuf_source_why(struct pcibuf_source *source,
				    unsigned int order);
int pcibuf_chunk_get(struct pcibuf_source *source, unsigned int order,
		     struct pcibuf_run *run);
int pcibuf_block_get(struct pcibuf_source *source, struct pcibuf_run *run);
void pcibuf_run_put(struct pcibuf_run *run);

bool pcibuf_parked_take(struct pcibuf_pool *pool, unsigned int order,
			unsigned long nr, struct pcibuf_run *run);
bool pcibuf_pages_absorb(struct pcibuf_memory *into,
			 struct pcibuf_memory *memory);

int pcibuf_pages_map(struct pcibuf_pages *pages, struct pcibuf_demand *demand);
void pcibuf_pages_unmap(struct pcibuf_pages *pages);

#endif /* PCIBUF_PAGES_H */
