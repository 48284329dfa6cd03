// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backing "pages": ordinary, reference-counted pages.
 *
 * A mapping, a pin by direct I/O and a descriptor each hold a reference to the
 * memory itself, so it is never given to somebody else while one of them is
 * left, whatever becomes of the buffer.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "compat.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"

static void free_pages_struct(struct pcibuf_pages *pages)
{
	kvfree(pages->extents);
	kfree(pages);
}

static void pages_release(struct pcibuf_memory *memory)
{
	struct pcibuf_pages *pages = to_pages(memory);

	pcibuf_extents_put(pages);
	free_pages_struct(pages);
}

/*
 * An allocation that failed gives back what it took to where it took it from:
 * what came out of the pool the card may still write to.
 */
static void abandon(struct pcibuf_pages *pages)
{
	unsigned int i, kept = 0;

	/* Some of it may have been mapped for a moment. */
	pcibuf_dma_flush(pages->memory.pool->dev);
	pages->memory.size = 0;
	pages->nr_pages = 0;
	for (i = 0; i < pages->nr_extents; i++) {
		struct pcibuf_extent *extent = &pages->extents[i];

		if (extent->reused) {
			pages->memory.size += (u64)extent->nr_pages << PAGE_SHIFT;
			pages->nr_pages += extent->nr_pages;
			pages->extents[kept++] = *extent;
		} else {
			pcibuf_extent_put(extent);
		}
	}
	pages->nr_extents = kept;
	if (kept)
		pcibuf_pool_quarantine(pages->memory.pool, &pages->memory);
	else
		free_pages_struct(pages);
}

/* More than there are addresses would take all of that memory before it fails. */
static bool beyond_reach(struct pcibuf_pool *pool, struct pcibuf_alloc_ctx *ctx)
{
	if (ctx->size - 1 <= pcibuf_dma_limit(pool->dev))
		return false;
	ctx->limit = pcibuf_dma_translated(pool->dev) ? PCIBUF_LIMIT_IOVA :
							   PCIBUF_LIMIT_MASK;
	return true;
}

static struct pcibuf_memory *pages_alloc(struct pcibuf_pool *pool,
					 struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_alloc_state state;
	struct pcibuf_pages *pages;
	bool one;
	int ret;

	if (beyond_reach(pool, ctx))
		return ERR_PTR(-ENOMEM);
	pages = kzalloc(sizeof(*pages), PCIBUF_GFP);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	pages->memory.ops = &pcibuf_pages_ops;
	pages->memory.pool = pool;
	pages->memory.size = ctx->size;
	pcibuf_state_init(&state, pages, ctx);
	one = ctx->contiguous && !pcibuf_dma_translated(pool->dev);
	ret = one ? pcibuf_range_get(&state) : pcibuf_scattered_get(&state);
	if (ret)
		goto err_abandon;
	pcibuf_extents_place(pages, one);
	ret = pcibuf_pages_map(pages, ctx);
	if (ret)
		goto err_abandon;
	return &pages->memory;

err_abandon:
	/* No memory for its records: whoever said so did not say why. */
	if (ret == -ENOMEM && ctx->limit == PCIBUF_LIMIT_NONE)
		ctx->limit = pcibuf_state_limit(&state, 0);
	abandon(pages);
	return ERR_PTR(ret);
}

/* The run that holds a page offset inside the buffer. */
static struct pcibuf_extent *find_extent(struct pcibuf_pages *pages, pgoff_t pgoff)
{
	unsigned int low = 0, high = pages->nr_extents - 1;

	while (low < high) {
		unsigned int middle = (low + high + 1) / 2;

		if (pages->extents[middle].first <= pgoff)
			low = middle;
		else
			high = middle - 1;
	}
	return &pages->extents[low];
}

static struct page *pages_page(struct pcibuf_memory *memory, pgoff_t pgoff,
			       unsigned int *order)
{
	struct pcibuf_extent *extent = find_extent(to_pages(memory), pgoff);

	*order = extent->order;
	return pfn_to_page(extent->pfn + (pgoff - extent->first));
}

/*
 * A fault that found the buffer alive comes back to the memory manager with the
 * page locked, and it unlocks the page when the entry is in place. So when each
 * page's lock was had once, every such entry is there to be taken away, and
 * every later fault sees that the buffer is dead.
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

/* To the end of the unit: one reference holds no more than that. */
static void pages_kmap(struct pcibuf_memory *memory, u64 offset,
		       struct pcibuf_kmap *kmap)
{
	pgoff_t pgoff = offset >> PAGE_SHIFT;
	unsigned long unit;
	unsigned int order;

	kmap->page = pages_page(memory, pgoff, &order);
	unit = PAGE_SIZE << order;
	kmap->kaddr = page_address(kmap->page) + offset_in_page(offset);
	kmap->len = unit - (offset & (unit - 1));
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
	.kmap_at = pages_kmap,
	.node = pages_node,
	.unmap = pages_unmap,
	.quarantine = pcibuf_pages_quarantine,
	.absorb = pcibuf_pages_absorb,
	.release = pages_release,
};
