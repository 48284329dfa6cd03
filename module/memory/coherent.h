/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of dma_alloc_coherent(): shared by coherent.c and coherent_block.c.
 */
#ifndef PCIBUF_COHERENT_H
#define PCIBUF_COHERENT_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>

#include "memory/memory.h"

/**
 * struct pcibuf_coherent_block - what one call of dma_alloc_coherent() gave
 * @cpu: kernel address of the first byte
 * @dma: bus address of the first byte
 * @size: bytes; they are freed by one call
 * @parked: the slices in quarantine, by their offset, under pool->lock
 */
struct pcibuf_coherent_block {
	void *cpu;
	dma_addr_t dma;
	u64 size;
	struct rb_root parked;
};

/**
 * struct pcibuf_coherent - a slice of a block: all of it at first
 * @memory: what the rest of the driver sees
 * @block: the block; it is freed with the last slice
 * @offset: where in the block the slice begins
 * @segment: the only segment
 * @lock: protects @mappers. Inside the mmap_lock and buffer->lock
 * @mappers: list of address spaces, one entry for each; see coherent.c
 * @parked: in quarantine, node of block->parked, under pool->lock
 */
struct pcibuf_coherent {
	struct pcibuf_memory memory;
	struct pcibuf_coherent_block *block;
	u64 offset;
	struct pcibuf_segment segment;

	struct mutex lock; /* protects mappers */
	struct list_head mappers;

	struct rb_node parked;
};

static inline struct pcibuf_coherent *to_coherent(struct pcibuf_memory *memory)
{
	return container_of(memory, struct pcibuf_coherent, memory);
}

static inline void *pcibuf_coherent_cpu(const struct pcibuf_coherent *coherent)
{
	return coherent->block->cpu + coherent->offset;
}

/* coherent_block.c */
enum pcibuf_outcome pcibuf_block_alloc(struct pcibuf_alloc_ctx *ctx,
				       struct pcibuf_coherent **coherent);
enum pcibuf_outcome pcibuf_block_take(struct pcibuf_alloc_ctx *ctx,
				      struct pcibuf_coherent **coherent);
void pcibuf_block_park(struct pcibuf_memory *memory);
bool pcibuf_block_is_whole(struct pcibuf_memory *memory);
u64 pcibuf_block_release(struct pcibuf_memory *memory, u64 *held);

#endif /* PCIBUF_COHERENT_H */
