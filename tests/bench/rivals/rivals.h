/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other ways to map a card's memory into a program, to be compared with pcibuf.
 * Each way has a node of its own. For tests only: there is no quota and no revoke,
 * and anyone who opens a node can use all memory.
 */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/mm.h>
#include <linux/mm_types.h>

/* Allocate so many bytes, once for each open file. close() frees the memory. */
#define RIVAL_ALLOC	_IO('B', 1)

/* Largest order of the page allocator, so that no way depends on chance. */
#define RIVAL_ORDER	10
#define RIVAL_BLOCK	(PAGE_SIZE << RIVAL_ORDER)

struct block {
	void *cpu;
	struct page *page;
	dma_addr_t dma;
	size_t size;
};

/**
 * struct rival - memory of one open file
 * @dev: the card
 * @way: the way to allocate and map the memory
 * @size: size in bytes, 0 until the memory is allocated
 * @blocks: the blocks of the memory
 * @nr_blocks: number of allocated blocks
 * @table: table of all pages, as the drivers of 2006 kept it
 */
struct rival {
	struct device *dev;
	const struct rival_way *way;
	size_t size;
	struct block *blocks;
	unsigned int nr_blocks;
	struct page **table;
};

/**
 * struct rival_way - one way to allocate and map memory
 * @block: size of the largest block
 * @get: allocate a block, whose size is set
 * @put: free a block
 * @mmap: map @rival; the area begins at offset 0 and is not longer than @rival
 */
struct rival_way {
	size_t block;
	int (*get)(struct rival *rival, struct block *block);
	void (*put)(struct rival *rival, struct block *block);
	int (*mmap)(struct rival *rival, struct vm_area_struct *vma);
};

extern const struct rival_way nopage_way;
extern const struct rival_way blocks_way;
extern const struct rival_way remap_way;
extern const struct rival_way coherent_way;

#endif /* BENCH_RIVALS_H */
