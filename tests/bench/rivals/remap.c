// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of most drivers today: ->mmap writes every page table entry. There are
 * two variants. One uses blocks of the largest order of the page allocator. The
 * other uses one range and one call, so that the kernel does not look up the memory
 * type of every page.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mmzone.h>

#include "rivals.h"

/* Until 6.16 alloc_contig_range() takes a migrate type, then flags. */
#ifdef ACR_FLAGS_NONE
#define CLAIM_AS ACR_FLAGS_NONE
#else
#define CLAIM_AS MIGRATE_MOVABLE
#endif

static int map_dma(struct rival *rival, struct block *block)
{
	block->dma = dma_map_page(rival->dev, block->page, 0, block->size,
				  DMA_BIDIRECTIONAL);
	return dma_mapping_error(rival->dev, block->dma) ? -EIO : 0;
}

static void unmap_dma(struct rival *rival, struct block *block)
{
	dma_unmap_page(rival->dev, block->dma, block->size, DMA_BIDIRECTIONAL);
}

static int get_block(struct rival *rival, struct block *block)
{
	unsigned int order = get_order(block->size);
	int ret;

	block->page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
				  order);
	if (!block->page)
		return -ENOMEM;
	ret = map_dma(rival, block);
	if (ret)
		__free_pages(block->page, order);
	return ret;
}

static void put_block(struct rival *rival, struct block *block)
{
	unmap_dma(rival, block);
	__free_pages(block->page, get_order(block->size));
}

/*
 * Allocate the range at the highest possible multiple of the size. A test machine
 * has enough free memory for this.
 */
static struct page *claim(unsigned long nr)
{
	struct zone *zone = NODE_DATA(first_online_node)->node_zones +
			    ZONE_NORMAL;
	unsigned long pfn;

	for (pfn = rounddown(zone_end_pfn(zone), nr);
	     pfn >= zone->zone_start_pfn + nr; pfn -= nr)
		if (!alloc_contig_range(pfn - nr, pfn, CLAIM_AS,
					GFP_KERNEL | __GFP_NOWARN))
			return pfn_to_page(pfn - nr);
	return NULL;
}

static int get_range(struct rival *rival, struct block *block)
{
	unsigned long i, nr = block->size >> PAGE_SHIFT;
	int ret;

	block->page = claim(nr);
	if (!block->page)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		clear_highpage(block->page + i);
	ret = map_dma(rival, block);
	if (ret)
		free_contig_range(page_to_pfn(block->page), nr);
	return ret;
}

static void put_range(struct rival *rival, struct block *block)
{
	unmap_dma(rival, block);
	free_contig_range(page_to_pfn(block->page), block->size >> PAGE_SHIFT);
}

static int map(struct rival *rival, struct vm_area_struct *vma)
{
	unsigned long at = vma->vm_start;
	struct block *block = rival->blocks;
	int ret = 0;

	for (; !ret && at < vma->vm_end; at += block++->size)
		ret = remap_pfn_range(vma, at, page_to_pfn(block->page),
				      min(block->size, vma->vm_end - at),
				      vma->vm_page_prot);
	return ret;
}

const struct rival_way blocks_way = {
	.block = RIVAL_BLOCK,
	.get = get_block,
	.put = put_block,
	.mmap = map,
};

const struct rival_way remap_way = {
	.block = SIZE_MAX,
	.get = get_range,
	.put = put_range,
	.mmap = map,
};
