// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backing "pages": ordinary, reference-counted pages.
 *
 * A mapping, a pin by direct I/O and a descriptor each hold a reference to the memory
 * itself. So the memory is never given to somebody else while one of them is left,
 * whatever becomes of the buffer.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "lib/extent_list.h"
#include "lib/segments.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"

static void free_pages_struct(struct pcibuf_pages *pages)
{
	kvfree(pages->extents);
	kfree(pages);
}

static u64 pages_release(struct pcibuf_memory *memory, u64 *held)
{
	struct pcibuf_pages *pages = to_pages(memory);
	u64 bytes = pcibuf_extents_release(pages, held);

	memory->size -= bytes;
	if (!pages->nr_extents)
		free_pages_struct(pages);
	return bytes;
}

/* Put what came from the system, and keep what came out of quarantine. */
static void put_fresh(struct pcibuf_pages *pages)
{
	unsigned int i, nr = pages->nr_extents;

	pages->nr_extents = 0;
	pages->nr_pages = 0;
	for (i = 0; i < nr; i++) {
		struct pcibuf_extent extent = pages->extents[i];

		extent.nr_pages = pcibuf_extent_whole(&extent, extent.nr_pages);
		if (extent.reused)
			pcibuf_extents_add(pages, &extent);
		else
			pcibuf_extent_put(&extent);
	}
	pages->memory.size = (u64)pages->nr_pages << PAGE_SHIFT;
}

/*
 * An allocation that failed gives its memory back to where it took the memory from:
 * the card may still write to what came out of quarantine.
 */
static void abandon(struct pcibuf_pages *pages)
{
	struct pcibuf_pool *pool = pages->memory.pool;

	/* Some of it may have been mapped for a moment. */
	pcibuf_dma_flush(pool->dev);
	put_fresh(pages);
	if (pages->nr_extents)
		pcibuf_pool_quarantine(pool, &pages->memory);
	else
		free_pages_struct(pages);
}

/*
 * An allocation of more memory than the card has addresses would take all of that
 * memory before it fails.
 */
static bool beyond_reach(const struct pcibuf_alloc_ctx *ctx)
{
	return ctx->size - 1 > pcibuf_dma_limit(ctx->pool->dev);
}

static struct pcibuf_pages *new_pages(const struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_pages *pages = kzalloc(sizeof(*pages), PCIBUF_GFP);

	if (!pages)
		return NULL;
	pages->memory.ops = &pcibuf_pages_ops;
	pages->memory.pool = ctx->pool;
	pages->memory.size = ctx->size;
	return pages;
}

/*
 * Would the platform copy a page for the card? One page, from any zone, is tried before
 * others are taken, or moved out of the way. Without a page pcibuf_pages_map() finds out.
 */
static bool bounces(const struct pcibuf_alloc_state *state)
{
	struct device *dev = state->ctx->pool->dev;
	struct pcibuf_alloc_state any = *state;
	struct page *page;
	bool bounces;

	pcibuf_state_ask_low(&any);
	page = pcibuf_state_page(&any, PCIBUF_GFP, 0);
	if (!page)
		return false;
	bounces = pcibuf_dma_bounces(dev, page);
	/* The page was mapped for a moment. */
	pcibuf_dma_flush(dev);
	__free_page(page);
	return bounces;
}

/*
 * Whatever the search took care of, the bus addresses decide: a bus can have offsets,
 * and an IOMMU whose addresses are short gives several ranges.
 */
static enum pcibuf_outcome map(struct pcibuf_pages *pages,
			       const struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_memory *memory = &pages->memory;
	enum pcibuf_outcome outcome = pcibuf_pages_map(pages, ctx->contiguous);

	if (outcome != PCIBUF_DONE ||
	    pcibuf_segments_aligned(memory->segments, memory->nr_segments,
				    ctx->align))
		return outcome;
	pcibuf_pages_unmap(pages);
	return PCIBUF_NO_ALIGN;
}

/* Memory for the card, found, zeroed, placed and mapped, in this order. */
static enum pcibuf_outcome fill(struct pcibuf_pages *pages,
				struct pcibuf_alloc_ctx *ctx)
{
	bool one = ctx->contiguous && !pcibuf_dma_translated(ctx->pool->dev);
	struct pcibuf_alloc_state state;
	enum pcibuf_outcome outcome;

	pcibuf_state_init(&state, pages, ctx);
	if (bounces(&state))
		return PCIBUF_NO_BOUNCE;
	if (one)
		outcome = pcibuf_range_get(&state);
	else if (state.align > 1)
		outcome = pcibuf_aligned_get(&state);
	else
		outcome = pcibuf_scattered_get(&state);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_extents_zero(pages, ctx);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_extents_place(pages, one || state.align > 1);
	if (outcome == PCIBUF_DONE)
		outcome = map(pages, ctx);
	/* The records are charged to the caller's cgroup too. */
	return outcome == PCIBUF_NO_RECORDS ? pcibuf_state_limit(&state) :
					      outcome;
}

static enum pcibuf_outcome pages_alloc(struct pcibuf_alloc_ctx *ctx,
				       struct pcibuf_memory **memory)
{
	struct pcibuf_pages *pages;
	enum pcibuf_outcome outcome;

	if (beyond_reach(ctx))
		return pcibuf_dma_translated(ctx->pool->dev) ? PCIBUF_NO_IOVA :
							       PCIBUF_NO_MASK;
	if (pcibuf_dma_translated(ctx->pool->dev) &&
	    pcibuf_ctx_beyond_natural(ctx))
		return PCIBUF_OVER_NATURAL;
	pages = new_pages(ctx);
	if (!pages)
		return PCIBUF_NO_RECORDS;
	outcome = fill(pages, ctx);
	if (outcome == PCIBUF_DONE)
		*memory = &pages->memory;
	else
		abandon(pages);
	return outcome;
}

static struct page *pages_page(struct pcibuf_memory *memory, pgoff_t pgoff,
			       unsigned int *order)
{
	struct pcibuf_pages *pages = to_pages(memory);
	struct pcibuf_extent *extent;

	extent = &pages->extents[pcibuf_extents_find(pages->extents,
						     pages->nr_extents, pgoff)];
	*order = extent->order;
	return pfn_to_page(extent->pfn + (pgoff - extent->first));
}

/*
 * A fault that found the buffer alive comes back to the memory manager with the page
 * locked, and the manager unlocks the page when the entry is in place. So when each
 * page's lock was had once, every such entry is there to be taken away, and every
 * later fault sees that the buffer is dead.
 */
static void pages_wait_idle(struct pcibuf_memory *memory)
{
	struct pcibuf_pages *pages = to_pages(memory);
	unsigned int i;

	for (i = 0; i < pages->nr_extents; i++) {
		struct pcibuf_extent *extent = &pages->extents[i];
		unsigned long at;

		for (at = 0; at < extent->nr_pages; at += 1UL << extent->order) {
			lock_page(pfn_to_page(extent->pfn + at));
			unlock_page(pfn_to_page(extent->pfn + at));
			cond_resched();
		}
	}
}

/* Up to the end of the page: one reference holds no more than one page. */
static void pages_kmap_at(struct pcibuf_memory *memory, u64 offset,
			  struct pcibuf_kmap *kmap)
{
	pgoff_t pgoff = offset >> PAGE_SHIFT;
	unsigned long size;
	unsigned int order;

	kmap->page = pages_page(memory, pgoff, &order);
	size = PAGE_SIZE << order;
	kmap->kaddr = page_address(kmap->page) + offset_in_page(offset);
	kmap->len = size - (offset & (size - 1));
}

static int pages_node(struct pcibuf_memory *memory)
{
	return to_pages(memory)->node;
}

static void pages_unmap(struct pcibuf_memory *memory)
{
	pcibuf_pages_unmap(to_pages(memory));
}

const struct pcibuf_memory_ops pcibuf_pages_ops = {
	.name = "pages",
	.backing = PCIBUF_BACKING_PAGES,
	.alloc = pages_alloc,
	.page = pages_page,
	.wait_idle = pages_wait_idle,
	.kmap_at = pages_kmap_at,
	.node = pages_node,
	.unmap = pages_unmap,
	.quarantine = pcibuf_pages_quarantine,
	.park = pcibuf_pages_park,
	.release = pages_release,
};
