/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other ways to show a card's memory to a program, each behind a node of its
 * own, to be measured beside pcibuf. For tests only: no quota, no revoke, and
 * whoever opens the node may take all memory.
 */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/mm.h>
#include <linux/mm_types.h>

/* Takes the size, once for each open file; close gives the memory back. */
#define RIVAL_ALLOC	_IO('B', 1)

/* What the page allocator has at most, so that no way depends on luck. */
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
 * @way: how it is allocated and mapped
 * @size: in bytes, 0 until there is memory
 * @blocks: what it is made of
 * @nr_blocks: how many are there
 * @table: every page, as the drivers of 2006 kept them
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
 * struct rival_way - one way to do it
 * @block: largest block
 * @get: fill @block, whose size is set
 * @put: give it back
 * @mmap: map @rival; the area begins at its offset 0 and is not longer
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
