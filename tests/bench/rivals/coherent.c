// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way that the kernel's documentation describes: one range from
 * dma_alloc_coherent(), mapped by dma_mmap_coherent(). Without an IOMMU, ranges of
 * more than 4 MiB are not available.
 */
#include "rivals.h"

static int get(struct rival *rival, struct block *block)
{
	block->cpu = dma_alloc_coherent(rival->dev, block->size, &block->dma,
					GFP_KERNEL | __GFP_NOWARN);
	return block->cpu ? 0 : -ENOMEM;
}

static void put(struct rival *rival, struct block *block)
{
	dma_free_coherent(rival->dev, block->size, block->cpu, block->dma);
}

static int map(struct rival *rival, struct vm_area_struct *vma)
{
	return dma_mmap_coherent(rival->dev, vma, rival->blocks->cpu,
				 rival->blocks->dma,
				 vma->vm_end - vma->vm_start);
}

const struct rival_way coherent_way = {
	.block = SIZE_MAX,
	.get = get,
	.put = put,
	.mmap = map,
};
