// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of coherent memory: what dma_alloc_coherent() gave, and what is used of it.
 *
 * A block is freed by one call. While it is in quarantine, a smaller request gets a slice
 * of it, and the slices become the block again when all of them are back.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "memory/coherent.h"
#include "memory/dma.h"

static struct list_head *parked(struct pcibuf_pool *pool)
{
	lockdep_assert_held(&pool->lock);
	return &pool->quarantined[PCIBUF_BACKING_COHERENT];
}

static struct pcibuf_coherent *new_slice(struct pcibuf_pool *pool)
{
	struct pcibuf_coherent *slice = kzalloc(sizeof(*slice), PCIBUF_GFP);

	if (!slice)
		return NULL;
	slice->memory.pool = pool;
	slice->memory.segments = &slice->segment;
	slice->memory.nr_segments = 1;
	mutex_init(&slice->lock);
	INIT_LIST_HEAD(&slice->mappers);
	return slice;
}

/* Make it the slice of a block that begins at @offset. */
static void set_slice(struct pcibuf_coherent *slice,
		      struct pcibuf_coherent_block *block, u64 offset, u64 size)
{
	slice->block = block;
	slice->offset = offset;
	slice->memory.size = size;
	slice->segment.dma_addr = block->dma + offset;
	slice->segment.length = size;
}

static struct pcibuf_coherent_block *new_block(struct device *dev, u64 size)
{
	struct pcibuf_coherent_block *block;

	block = kzalloc(sizeof(*block), PCIBUF_GFP);
	if (!block)
		return NULL;
	block->size = size;
	block->parked = RB_ROOT;
	block->cpu = dma_alloc_attrs(dev, size, &block->dma,
				     GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
				     DMA_ATTR_NO_WARN);
	if (block->cpu)
		return block;
	kfree(block);
	return NULL;
}

/*
 * dma_free_coherent() frees pages, and the card may write to the pages until the
 * IOMMU is flushed. Behind an IOMMU the memory consists of single pages. So hold a
 * reference to each page until the flush. (For 5.10 see pcibuf_free_coherent() in
 * compat.h.)
 */
static void hold_pages(struct device *dev, struct pcibuf_coherent_block *block,
		       struct list_head *held)
{
	void *at = block->cpu;

	if (!is_vmalloc_addr(at) || !pcibuf_dma_translated(dev))
		return;
	for (; at < block->cpu + block->size; at += PAGE_SIZE) {
		struct page *page = vmalloc_to_page(at);

		get_page(page);
		list_add(&page->lru, held);
		cond_resched();
	}
}

static void free_block(struct device *dev, struct pcibuf_coherent_block *block)
{
	struct page *page, *next;
	LIST_HEAD(pages);

	hold_pages(dev, block, &pages);
	pcibuf_free_coherent(dev, block->size, block->cpu, block->dma);
	pcibuf_dma_flush(dev);
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		put_page(page);
		cond_resched();
	}
	kfree(block);
}

/**
 * pcibuf_block_alloc() - get a block from the system
 * @ctx: the allocation, which is charged for it
 * @coherent: out: the block as one slice, zeroed; the caller sets its operations
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NO_RECORDS, %PCIBUF_NO_COHERENT or %PCIBUF_NO_ALIGN.
 */
enum pcibuf_outcome pcibuf_block_alloc(struct pcibuf_alloc_ctx *ctx,
				       struct pcibuf_coherent **coherent)
{
	struct pcibuf_coherent *slice = new_slice(ctx->pool);
	struct pcibuf_coherent_block *block;

	if (!slice)
		return PCIBUF_NO_RECORDS;
	block = new_block(ctx->pool->dev, ctx->size);
	if (!block) {
		kfree(slice);
		return PCIBUF_NO_COHERENT;
	}
	/* CMA aligns a large block to less than its size. */
	if (!IS_ALIGNED(block->dma, ctx->align)) {
		free_block(ctx->pool->dev, block);
		kfree(slice);
		return PCIBUF_NO_ALIGN;
	}
	set_slice(slice, block, 0, ctx->size);
	*coherent = slice;
	return PCIBUF_DONE;
}

/**
 * pcibuf_block_is_whole() - is this all of its block?
 * @memory: a slice
 *
 * Return: whether the block can be freed with it.
 */
bool pcibuf_block_is_whole(struct pcibuf_memory *memory)
{
	return memory->size == to_coherent(memory)->block->size;
}

static struct pcibuf_coherent *to_slice(struct rb_node *node)
{
	return rb_entry(node, struct pcibuf_coherent, parked);
}

static void insert(struct pcibuf_coherent *slice)
{
	struct rb_node **link = &slice->block->parked.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = slice->offset < to_slice(parent)->offset ?
			       &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&slice->parked, parent, link);
	rb_insert_color(&slice->parked, &slice->block->parked);
}

/* Blocks that can be freed are at the front. */
static void list_slice(struct pcibuf_coherent *slice)
{
	struct list_head *list = parked(slice->memory.pool);

	if (pcibuf_block_is_whole(&slice->memory))
		list_add(&slice->memory.quarantined, list);
	else
		list_add_tail(&slice->memory.quarantined, list);
}

static void unlist(struct pcibuf_coherent *slice)
{
	rb_erase(&slice->parked, &slice->block->parked);
	list_del(&slice->memory.quarantined);
}

/* Join the slice with the one before or behind it, if they touch. */
static void join(struct pcibuf_coherent *slice, struct rb_node *node)
{
	struct pcibuf_coherent *other = node ? to_slice(node) : NULL;
	u64 offset;

	if (!other || (other->offset + other->memory.size != slice->offset &&
		       slice->offset + slice->memory.size != other->offset))
		return;
	offset = min(slice->offset, other->offset);
	unlist(other);
	set_slice(slice, slice->block, offset,
		  slice->memory.size + other->memory.size);
	kfree(other);
}

/**
 * pcibuf_block_park() - put a slice into quarantine
 * @memory: the slice
 *
 * The caller holds pool->lock.
 */
void pcibuf_block_park(struct pcibuf_memory *memory)
{
	struct pcibuf_coherent *slice = to_coherent(memory);

	insert(slice);
	join(slice, rb_prev(&slice->parked));
	join(slice, rb_next(&slice->parked));
	list_slice(slice);
}

/* Bytes of a slice that come before an address of the alignment. */
static u64 unaligned(const struct pcibuf_coherent *slice, u64 align)
{
	return -slice->segment.dma_addr & (align - 1);
}

/* Does the slice contain memory of the size and the alignment? */
static bool fits(const struct pcibuf_coherent *slice,
		 const struct pcibuf_alloc_ctx *ctx)
{
	u64 skip = unaligned(slice, ctx->align), size = slice->memory.size;

	return skip < size && size - skip >= ctx->size;
}

/* The smallest slice that is large enough. */
static struct pcibuf_coherent *best(const struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_memory *memory, *found = NULL;

	list_for_each_entry(memory, parked(ctx->pool), quarantined) {
		if (!fits(to_coherent(memory), ctx) ||
		    (found && memory->size >= found->size))
			continue;
		found = memory;
		if (found->size == ctx->size)
			break;
	}
	return found ? to_coherent(found) : NULL;
}

/**
 * pcibuf_coherent_quarantined() - can a request be served from quarantine?
 * @ctx: the allocation
 *
 * Takes pool->lock. The caller holds card->alloc_lock, so that nobody else takes the
 * memory before the caller does.
 *
 * Return: size of the coherent memory that fits best, 0 where none fits.
 */
u64 pcibuf_coherent_quarantined(const struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_pool *pool = ctx->pool;
	struct pcibuf_coherent *slice;
	u64 found;

	/* Such a request is refused, and not left to luck. */
	if (pcibuf_ctx_beyond_natural(ctx))
		return 0;
	mutex_lock(&pool->lock);
	slice = best(ctx);
	found = slice ? slice->memory.size : 0;
	mutex_unlock(&pool->lock);
	return found;
}

/* Cut @size bytes off the front of a slice that is longer. */
static void cut(struct pcibuf_coherent *slice, u64 size,
		struct pcibuf_coherent *front)
{
	set_slice(front, slice->block, slice->offset, size);
	list_del(&slice->memory.quarantined);
	set_slice(slice, slice->block, slice->offset + size,
		  slice->memory.size - size);
	list_slice(slice);
}

/* Take memory out of a slice. @spares: two slices that it may take; what it took is NULL. */
static struct pcibuf_coherent *carve(struct pcibuf_coherent *slice,
				     const struct pcibuf_alloc_ctx *ctx,
				     struct pcibuf_coherent *spares[2])
{
	u64 skip = unaligned(slice, ctx->align);
	struct pcibuf_coherent *head = spares[0], *front = spares[1];

	ctx->pool->quarantined_bytes -= ctx->size;
	if (skip) {
		cut(slice, skip, head);
		head->memory.ops = slice->memory.ops;
		spares[0] = NULL;
	}
	if (slice->memory.size > ctx->size) {
		cut(slice, ctx->size, front);
		slice = front;
		spares[1] = NULL;
	} else {
		unlist(slice);
	}
	/* It touches no other slice in quarantine: what it touched is taken. */
	if (skip) {
		insert(head);
		list_slice(head);
	}
	return slice;
}

/**
 * pcibuf_block_take() - take memory out of quarantine
 * @ctx: the allocation
 * @coherent: out: memory of the wanted size, dirty; the caller sets its operations
 *
 * Takes pool->lock.
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NONE or %PCIBUF_NO_RECORDS.
 */
enum pcibuf_outcome pcibuf_block_take(struct pcibuf_alloc_ctx *ctx,
				      struct pcibuf_coherent **coherent)
{
	struct pcibuf_coherent *spares[] = { new_slice(ctx->pool),
					     new_slice(ctx->pool) };
	enum pcibuf_outcome outcome = PCIBUF_NO_RECORDS;
	struct pcibuf_pool *pool = ctx->pool;
	struct pcibuf_coherent *slice;

	if (!spares[0] || !spares[1])
		goto free_spares;
	mutex_lock(&pool->lock);
	slice = best(ctx);
	if (slice)
		*coherent = carve(slice, ctx, spares);
	mutex_unlock(&pool->lock);
	outcome = slice ? PCIBUF_DONE : PCIBUF_NONE;
free_spares:
	kfree(spares[0]);
	kfree(spares[1]);
	return outcome;
}

/**
 * pcibuf_block_release() - give a block back to the system
 * @memory: all of the block, not in quarantine any more; freed
 * @held: out: 0. What somebody holds of it, behind an IOMMU, no longer counts
 *
 * Return: its size in bytes.
 */
u64 pcibuf_block_release(struct pcibuf_memory *memory, u64 *held)
{
	u64 bytes = memory->size;

	*held = 0;
	free_block(memory->pool->dev, to_coherent(memory)->block);
	kfree(to_coherent(memory));
	return bytes;
}
