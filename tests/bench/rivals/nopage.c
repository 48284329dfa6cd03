// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of 2006: memory for DMA, a table of its pages, and a fault handler that
 * returns one page for each fault.
 */
#include <linux/vmalloc.h>

#include "rivals.h"

/*
 * Behind an IOMMU, a block consists of single pages that are mapped into one
 * range of kernel addresses. Without an IOMMU, a block is one allocation, and only
 * its first page has a reference count. The other pages need a reference count
 * before the fault handler can return them one by one.
 */
static void set_counts(struct block *block, int count)
{
	struct page *page = virt_to_page(block->cpu);
	unsigned long i;

	if (is_vmalloc_addr(block->cpu))
		return;
	for (i = 1; i < block->size >> PAGE_SHIFT; i++)
		set_page_count(page + i, count);
}

static struct page *page_of(struct block *block, size_t offset)
{
	void *at = block->cpu + offset;

	return is_vmalloc_addr(at) ? vmalloc_to_page(at) : virt_to_page(at);
}

static int get(struct rival *rival, struct block *block)
{
	size_t first = (block - rival->blocks) * (RIVAL_BLOCK / PAGE_SIZE), i;

	block->cpu = dma_alloc_coherent(rival->dev, block->size, &block->dma,
					GFP_KERNEL);
	if (!block->cpu)
		return -ENOMEM;
	set_counts(block, 1);
	for (i = 0; i < block->size >> PAGE_SHIFT; i++)
		rival->table[first + i] = page_of(block, i << PAGE_SHIFT);
	return 0;
}

static void put(struct rival *rival, struct block *block)
{
	set_counts(block, 0);
	dma_free_coherent(rival->dev, block->size, block->cpu, block->dma);
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	struct rival *rival = vmf->vma->vm_private_data;

	if (vmf->pgoff >= rival->size >> PAGE_SHIFT)
		return VM_FAULT_SIGBUS;
	vmf->page = rival->table[vmf->pgoff];
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct vm_ops = {
	.fault = fault,
};

static int map(struct rival *rival, struct vm_area_struct *vma)
{
	vma->vm_ops = &vm_ops;
	return 0;
}

const struct rival_way nopage_way = {
	.block = RIVAL_BLOCK,
	.get = get,
	.put = put,
	.mmap = map,
};
