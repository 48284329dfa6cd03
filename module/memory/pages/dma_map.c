// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA map: page-backed memory is mapped for the card once, for the life of the buffer.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/sizes.h>

#include "compat.h"
#include "lib/extent_list.h"
#include "lib/segments.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"

/* An entry is small enough to find room in an address space that is nearly full. */
#define MAX_ENTRY	PMD_SIZE

/* Time after which a lazily freed range of the IOMMU's address space is back. */
#define IOVA_WAIT_MS	50

static unsigned int nr_entries(struct pcibuf_pages *pages)
{
	unsigned int i, nr = 0;

	for (i = 0; i < pages->nr_extents; i++)
		nr += DIV_ROUND_UP((u64)pages->extents[i].nr_pages << PAGE_SHIFT,
				   MAX_ENTRY);
	return nr;
}

/* Return the entry behind the last entry that was filled. */
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

static bool build_table(struct pcibuf_pages *pages)
{
	struct scatterlist *sg;
	unsigned int i;

	if (sg_alloc_table(&pages->sgt, nr_entries(pages), PCIBUF_GFP))
		return false;
	sg = pages->sgt.sgl;
	for (i = 0; i < pages->nr_extents; i++)
		sg = add_entries(sg, &pages->extents[i]);
	return true;
}

static struct scatterlist *skip(struct scatterlist *sg, unsigned int nents)
{
	while (nents--)
		sg = sg_next(sg);
	return sg;
}

/* Unmap the parts before @end, or all where @end is NULL. */
static void unmap_parts(struct pcibuf_pages *pages, struct scatterlist *end)
{
	struct scatterlist *next, *sg = pages->sgt.sgl;
	unsigned int left = pages->sgt.orig_nents;

	while (sg != end) {
		unsigned int nents = min(left, pages->part);

		next = skip(sg, nents);
		pcibuf_unmap_sg(pages->memory.pool->dev, sg, nents,
				DMA_BIDIRECTIONAL);
		left -= nents;
		sg = next;
	}
}

static bool map_parts(struct pcibuf_pages *pages)
{
	unsigned int left = pages->sgt.orig_nents;
	struct scatterlist *sg = pages->sgt.sgl;

	while (left) {
		unsigned int nents = min(left, pages->part);

		if (!dma_map_sg_attrs(pages->memory.pool->dev, sg, nents,
				      DMA_BIDIRECTIONAL, DMA_ATTR_NO_WARN)) {
			unmap_parts(pages, sg);
			return false;
		}
		sg = skip(sg, nents);
		left -= nents;
	}
	return true;
}

/*
 * An IOMMU gives each call one range, if it has a range so large. So map all at once;
 * once more when lazily freed ranges are back; and then, where several segments will
 * do, in halves, quarters and so on.
 */
static bool map_table(struct pcibuf_pages *pages, bool contiguous)
{
	bool mapped;

	pages->part = pages->sgt.orig_nents;
	mapped = map_parts(pages);
	if (!pcibuf_dma_translated(pages->memory.pool->dev))
		return mapped;
	while (!mapped) {
		msleep(IOVA_WAIT_MS);
		mapped = map_parts(pages);
		if (contiguous || pages->part == 1)
			break;
		if (!mapped)
			pages->part = DIV_ROUND_UP(pages->part, 2);
	}
	return mapped;
}

/* An entry that was merged into the entry before it has no length of its own. */
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

static enum pcibuf_outcome build_segments(struct pcibuf_pages *pages,
					  bool contiguous)
{
	struct pcibuf_memory *memory = &pages->memory;

	memory->nr_segments = collect(&pages->sgt, NULL);
	if (contiguous && memory->nr_segments > 1)
		return PCIBUF_NO_IOVA;
	memory->segments = kvcalloc(memory->nr_segments,
				    sizeof(*memory->segments), PCIBUF_GFP);
	if (!memory->segments)
		return PCIBUF_NO_RECORDS;
	collect(&pages->sgt, memory->segments);
	return PCIBUF_DONE;
}

/**
 * pcibuf_pages_map() - let the card in, and learn the bus addresses
 * @pages: memory that is complete and placed
 * @contiguous: one segment is wanted
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NO_BOUNCE, %PCIBUF_NO_IOVA or %PCIBUF_NO_RECORDS.
 */
enum pcibuf_outcome pcibuf_pages_map(struct pcibuf_pages *pages,
				     bool contiguous)
{
	struct page *first = pfn_to_page(pages->extents[0].pfn);
	enum pcibuf_outcome outcome = PCIBUF_NO_IOVA;

	if (pcibuf_dma_bounces(pages->memory.pool->dev, first))
		return PCIBUF_NO_BOUNCE;
	if (!build_table(pages))
		return PCIBUF_NO_RECORDS;
	if (!map_table(pages, contiguous))
		goto err_free_table;
	outcome = build_segments(pages, contiguous);
	if (outcome != PCIBUF_DONE)
		goto err_unmap;
	return PCIBUF_DONE;

err_unmap:
	unmap_parts(pages, NULL);
err_free_table:
	sg_free_table(&pages->sgt);
	return outcome;
}

/**
 * pcibuf_pages_unmap() - undo pcibuf_pages_map()
 * @pages: memory that is mapped. The caller flushes the IOMMU before it releases the
 *	memory
 */
void pcibuf_pages_unmap(struct pcibuf_pages *pages)
{
	unmap_parts(pages, NULL);
	sg_free_table(&pages->sgt);
	kvfree(pages->memory.segments);
	pages->memory.segments = NULL;
	pages->memory.nr_segments = 0;
}
