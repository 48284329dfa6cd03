// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping page-backed memory for the card, once for the life of the buffer.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/sizes.h>

#include "compat.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"
#include "lib/segments.h"

/* Small enough to find room in an address space that is nearly full. */
#define MAX_ENTRY	PMD_SIZE

/* A lazily freed range of the IOMMU's address space comes back after this. */
#define IOVA_WAIT_MS	50

static unsigned int nr_entries(struct pcibuf_pages *pages)
{
	unsigned int i, nr = 0;

	for (i = 0; i < pages->nr_extents; i++)
		nr += DIV_ROUND_UP((u64)pages->extents[i].nr_pages << PAGE_SHIFT,
				   MAX_ENTRY);
	return nr;
}

/* Returns the entry behind the last one that it filled. */
static struct scatterlist *add_entries(struct scatterlist *sg,
				       struct pcibuf_extent *extent)
{
	unsigned long pfn = extent->pfn, end = extent->pfn + extent->nr_pages;

	while (pfn < end) {
		unsigned long nr = min_t(unsigned long, end - pfn,
					 MAX_ENTRY >> PAGE_SHIFT);

		sg_set_page(sg, pfn_to_page(pfn), nr << PAGE_SHIFT, 0);
		sg = sg_next(sg);
		pfn += nr;
	}
	return sg;
}

static int build_table(struct pcibuf_pages *pages)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(&pages->sgt, nr_entries(pages), PCIBUF_GFP);
	if (ret)
		return -ENOMEM;
	sg = pages->sgt.sgl;
	for (i = 0; i < pages->nr_extents; i++)
		sg = add_entries(sg, &pages->extents[i]);
	return 0;
}

static struct scatterlist *skip(struct scatterlist *sg, unsigned int nents)
{
	while (nents--)
		sg = sg_next(sg);
	return sg;
}

/* Up to @end, or all where it is NULL. */
static void unmap_parts(struct pcibuf_pages *pages, struct scatterlist *end)
{
	struct scatterlist *next, *sg = pages->sgt.sgl;
	unsigned int left = pages->sgt.orig_nents;

	while (sg != end) {
		unsigned int nents = min(left, pages->part);

		next = skip(sg, nents);
		dma_unmap_sg(pages->memory.pool->dev, sg, nents,
			     DMA_BIDIRECTIONAL);
		left -= nents;
		sg = next;
	}
}

static int map_parts(struct pcibuf_pages *pages)
{
	unsigned int left = pages->sgt.orig_nents;
	struct scatterlist *sg = pages->sgt.sgl;

	while (left) {
		unsigned int nents = min(left, pages->part);

		if (!dma_map_sg_attrs(pages->memory.pool->dev, sg, nents,
				      DMA_BIDIRECTIONAL, DMA_ATTR_NO_WARN)) {
			unmap_parts(pages, sg);
			return -ENOMEM;
		}
		sg = skip(sg, nents);
		left -= nents;
	}
	return 0;
}

/*
 * An IOMMU gives each call one range, if it has one so large. So first all at
 * once, once more when lazily freed ranges are back, and then, where several
 * segments will do, in halves, quarters and so on.
 */
static int map_table(struct pcibuf_pages *pages, bool contiguous)
{
	int ret;

	pages->part = pages->sgt.orig_nents;
	ret = map_parts(pages);
	if (!pcibuf_dma_translated(pages->memory.pool->dev))
		return ret;
	while (ret) {
		msleep(IOVA_WAIT_MS);
		ret = map_parts(pages);
		if (contiguous || pages->part == 1)
			break;
		if (ret)
			pages->part = DIV_ROUND_UP(pages->part, 2);
	}
	return ret;
}

/* What was merged into an entry before it has no length of its own. */
static unsigned int collect(struct sg_table *sgt, struct pcibuf_segment *out)
{
	struct pcibuf_coalescer c = { .out = out };
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(sgt, sg, i)
		if (sg_dma_len(sg))
			pcibuf_coalesce(&c, sg_dma_address(sg), sg_dma_len(sg));
	return c.nr;
}

static int build_segments(struct pcibuf_pages *pages,
			  struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_memory *memory = &pages->memory;

	memory->nr_segments = collect(&pages->sgt, NULL);
	if (ctx->contiguous && memory->nr_segments > 1) {
		ctx->limit = PCIBUF_LIMIT_IOVA;
		return -ENOMEM;
	}
	ctx->limit = PCIBUF_LIMIT_NONE;
	memory->segments = kvcalloc(memory->nr_segments,
				    sizeof(*memory->segments), PCIBUF_GFP);
	if (!memory->segments)
		return -ENOMEM;
	collect(&pages->sgt, memory->segments);
	return 0;
}

/**
 * pcibuf_pages_map() - let the card in, and learn the bus addresses
 * @pages: complete
 * @ctx: tells whether one segment is wanted; limit is set on failure, to none
 *	where there was no memory for a table
 *
 * Return: 0 or -ENOMEM.
 */
int pcibuf_pages_map(struct pcibuf_pages *pages, struct pcibuf_alloc_ctx *ctx)
{
	struct page *first = pfn_to_page(pages->extents[0].pfn);
	int ret;

	ctx->limit = PCIBUF_LIMIT_BOUNCE;
	if (pcibuf_dma_bounces(pages->memory.pool->dev, first))
		return -ENOMEM;
	ctx->limit = PCIBUF_LIMIT_NONE;
	ret = build_table(pages);
	if (ret)
		return ret;
	ctx->limit = PCIBUF_LIMIT_IOVA;
	ret = map_table(pages, ctx->contiguous);
	if (ret)
		goto err_free_table;
	ret = build_segments(pages, ctx);
	if (ret)
		goto err_unmap;
	return 0;

err_unmap:
	unmap_parts(pages, NULL);
err_free_table:
	sg_free_table(&pages->sgt);
	return ret;
}

/**
 * pcibuf_pages_unmap() - undo pcibuf_pages_map()
 * @pages: the caller flushes the IOMMU before it releases them
 */
void pcibuf_pages_unmap(struct pcibuf_pages *pages)
{
	unmap_parts(pages, NULL);
	sg_free_table(&pages->sgt);
	kvfree(pages->memory.segments);
	pages->memory.segments = NULL;
	pages->memory.nr_segments = 0;
}
