// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backing "coherent": memory of dma_alloc_coherent(). It serves cards that do
 * not snoop the CPU caches, and guests whose memory is hidden from their devices.
 *
 * The memory is always one segment, also for alloc_sg. The memory has no reference
 * counts. So every mapping of user space must be gone before the memory is released.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "memory/dma.h"
#include "memory/memory.h"

/**
 * struct mapper - an address space that a process mapped the memory into
 * @node: entry of coherent->mappers
 * @mm: the address space, held by mmgrab(). Its processes may have exited, but the
 *	structure is not freed
 */
struct mapper {
	struct list_head node;
	struct mm_struct *mm;
};

/**
 * struct pcibuf_coherent - memory of dma_alloc_coherent()
 * @memory: what the rest of the driver sees
 * @cpu: kernel address of the first byte
 * @dma: bus address of the first byte
 * @segment: the only segment
 * @lock: protects @mappers. Inside the mmap_lock and buffer->lock
 * @mappers: list of struct mapper, one for each address space
 */
struct pcibuf_coherent {
	struct pcibuf_memory memory;
	void *cpu;
	dma_addr_t dma;
	struct pcibuf_segment segment;

	struct mutex lock; /* protects mappers */
	struct list_head mappers;
};

static struct pcibuf_coherent *to_coherent(struct pcibuf_memory *memory)
{
	return container_of(memory, struct pcibuf_coherent, memory);
}

static void drop_mapper(struct mapper *mapper)
{
	list_del(&mapper->node);
	mmdrop(mapper->mm);
	kfree(mapper);
}

/*
 * Is the address space on the list? Also drop address spaces whose processes have
 * exited, so that the list does not grow beyond the number of live address spaces.
 */
static bool is_recorded(struct pcibuf_coherent *coherent, struct mm_struct *mm)
{
	struct mapper *mapper, *next;
	bool found = false;

	lockdep_assert_held(&coherent->lock);
	list_for_each_entry_safe(mapper, next, &coherent->mappers, node) {
		if (mapper->mm == mm)
			found = true;
		else if (!atomic_read(&mapper->mm->mm_users))
			drop_mapper(mapper);
	}
	return found;
}

static int record_mapper(struct pcibuf_coherent *coherent, struct mm_struct *mm)
{
	struct mapper *mapper;
	int ret = 0;

	mutex_lock(&coherent->lock);
	if (is_recorded(coherent, mm))
		goto unlock;
	mapper = kmalloc(sizeof(*mapper), PCIBUF_GFP);
	if (!mapper) {
		ret = -ENOMEM;
		goto unlock;
	}
	mmgrab(mm);
	mapper->mm = mm;
	list_add(&mapper->node, &coherent->mappers);
unlock:
	mutex_unlock(&coherent->lock);
	return ret;
}

/*
 * Called under the mmap_lock and buffer->lock. dma_mmap_coherent() makes all page
 * table entries. The memory manager links the area into the file's mapping only
 * after ->mmap returned, and a revoke does not find the area before. So record the
 * address space first: coherent_wait_idle() waits for it.
 */
static int coherent_mmap(struct pcibuf_memory *memory,
			 struct vm_area_struct *vma)
{
	struct pcibuf_coherent *coherent = to_coherent(memory);
	int ret;

	ret = record_mapper(coherent, vma->vm_mm);
	if (ret)
		return ret;
	return dma_mmap_coherent(memory->pool->dev, vma, coherent->cpu,
				 coherent->dma, coherent->memory.size);
}

/*
 * Behind an IOMMU the mapping consists of pages, and madvise() can drop a page. Then
 * map the page again. Without an IOMMU, and with Intel's IOMMU on 5.10, the mapping
 * is a PFN mapping. Only a revoke drops an entry of a PFN mapping.
 */
static vm_fault_t coherent_fault(struct pcibuf_memory *memory,
				 struct vm_fault *vmf)
{
	void *at = to_coherent(memory)->cpu + ((u64)vmf->pgoff << PAGE_SHIFT);

	if (!(vmf->vma->vm_flags & VM_MIXEDMAP))
		return VM_FAULT_SIGBUS;
	return vmf_insert_page(vmf->vma, vmf->address & PAGE_MASK,
			       vmalloc_to_page(at));
}

/*
 * ->mmap runs under the mmap_lock. Take and drop the mmap_lock of each recorded
 * address space: then every ->mmap that found the buffer alive has ended, and its
 * area is in the file's mapping. Do not hold coherent->lock meanwhile:
 * coherent->lock is inside the mmap_lock. The list does not change after the splice,
 * because ->mmap records nothing once the buffer is dead.
 */
static void coherent_wait_idle(struct pcibuf_memory *memory)
{
	struct pcibuf_coherent *coherent = to_coherent(memory);
	struct mapper *mapper, *next;
	LIST_HEAD(mappers);

	mutex_lock(&coherent->lock);
	list_splice_init(&coherent->mappers, &mappers);
	mutex_unlock(&coherent->lock);

	list_for_each_entry_safe(mapper, next, &mappers, node) {
		if (mmget_not_zero(mapper->mm)) {
			mmap_read_lock(mapper->mm);
			mmap_read_unlock(mapper->mm);
			mmput(mapper->mm);
		}
		drop_mapper(mapper);
	}
}

static void coherent_kmap_at(struct pcibuf_memory *memory, u64 offset,
			     struct pcibuf_kmap *kmap)
{
	struct pcibuf_coherent *coherent = to_coherent(memory);

	kmap->page = NULL;
	kmap->kaddr = coherent->cpu + offset;
	kmap->len = coherent->memory.size - offset;
}

static int coherent_node(struct pcibuf_memory *memory)
{
	void *cpu = to_coherent(memory)->cpu;

	return page_to_nid(is_vmalloc_addr(cpu) ? vmalloc_to_page(cpu) :
						  virt_to_page(cpu));
}

/*
 * Nothing to do: dma_free_coherent() unmaps and frees in one call. So the release
 * ends the card's access.
 */
static void coherent_unmap(struct pcibuf_memory *memory)
{
}

/*
 * dma_free_coherent() frees pages, and the card may write to the pages until the
 * IOMMU is flushed. Behind an IOMMU the memory consists of single pages. So hold a
 * reference to each page until the flush. (For 5.10 see pcibuf_free_coherent() in
 * compat.h.)
 */
static void hold_pages(struct pcibuf_coherent *coherent, struct list_head *held)
{
	void *at = coherent->cpu;

	if (!is_vmalloc_addr(at) ||
	    !pcibuf_dma_translated(coherent->memory.pool->dev))
		return;
	for (; at < coherent->cpu + coherent->memory.size; at += PAGE_SIZE) {
		struct page *page = vmalloc_to_page(at);

		get_page(page);
		list_add(&page->lru, held);
		cond_resched();
	}
}

static void coherent_release(struct pcibuf_memory *memory)
{
	struct pcibuf_coherent *coherent = to_coherent(memory);
	struct device *dev = memory->pool->dev;
	struct page *page, *next;
	LIST_HEAD(held);

	hold_pages(coherent, &held);
	pcibuf_free_coherent(dev, coherent->memory.size, coherent->cpu, coherent->dma);
	pcibuf_dma_flush(dev);
	list_for_each_entry_safe(page, next, &held, lru) {
		list_del(&page->lru);
		put_page(page);
		cond_resched();
	}
	kfree(coherent);
}

/* Find coherent memory of exactly the size: it can only be reused as a whole. */
static struct pcibuf_memory *
find_quarantined(const struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_pool *pool = ctx->pool;
	struct pcibuf_memory *memory;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry(memory, &pool->quarantined, quarantined)
		if (memory->ops->backing == PCIBUF_BACKING_COHERENT &&
		    memory->size == ctx->size &&
		    IS_ALIGNED(to_coherent(memory)->dma, ctx->align))
			return memory;
	return NULL;
}

/**
 * pcibuf_coherent_quarantined() - is coherent memory for a buffer in quarantine?
 * @ctx: the allocation
 *
 * Takes pool->lock. The caller holds card->alloc_lock, so that nobody else takes the
 * memory before the caller does.
 *
 * Return: true where memory of exactly the size, and of the alignment, is in
 * quarantine.
 */
bool pcibuf_coherent_quarantined(const struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_pool *pool = ctx->pool;
	bool found;

	mutex_lock(&pool->lock);
	found = find_quarantined(ctx);
	mutex_unlock(&pool->lock);
	return found;
}

static struct pcibuf_coherent *take_quarantined(struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_pool *pool = ctx->pool;
	struct pcibuf_memory *memory;

	mutex_lock(&pool->lock);
	memory = find_quarantined(ctx);
	if (memory) {
		list_del(&memory->quarantined);
		pool->quarantined_bytes -= ctx->size;
	}
	mutex_unlock(&pool->lock);
	if (!memory)
		return NULL;
	memset(to_coherent(memory)->cpu, 0, ctx->size);
	return to_coherent(memory);
}

static void init_memory(struct pcibuf_coherent *coherent,
			struct pcibuf_alloc_ctx *ctx)
{
	coherent->memory.ops = &pcibuf_coherent_ops;
	coherent->memory.pool = ctx->pool;
	coherent->memory.size = ctx->size;
	coherent->memory.segments = &coherent->segment;
	coherent->memory.nr_segments = 1;
	coherent->segment.dma_addr = coherent->dma;
	coherent->segment.length = ctx->size;
	mutex_init(&coherent->lock);
	INIT_LIST_HEAD(&coherent->mappers);
}

static enum pcibuf_outcome alloc_fresh(struct pcibuf_alloc_ctx *ctx,
				       struct pcibuf_coherent **fresh)
{
	struct pcibuf_coherent *coherent;

	coherent = kzalloc(sizeof(*coherent), PCIBUF_GFP);
	if (!coherent)
		return PCIBUF_NO_RECORDS;
	coherent->cpu = dma_alloc_attrs(ctx->pool->dev, ctx->size,
					&coherent->dma,
					GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
					DMA_ATTR_NO_WARN);
	if (!coherent->cpu) {
		kfree(coherent);
		return PCIBUF_NO_COHERENT;
	}
	init_memory(coherent, ctx);
	/* CMA aligns a large block to less than its size. */
	if (!IS_ALIGNED(coherent->dma, ctx->align)) {
		coherent_release(&coherent->memory);
		return PCIBUF_NO_ALIGN;
	}
	*fresh = coherent;
	return PCIBUF_DONE;
}

/* Charge before the check: the check counts the bytes that were charged. */
static enum pcibuf_outcome charge_fresh(struct pcibuf_alloc_ctx *ctx)
{
	enum pcibuf_outcome outcome;

	outcome = pcibuf_ctx_charge(ctx, ctx->size);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_ctx_check(ctx,
					   global_zone_page_state(NR_FREE_CMA_PAGES));
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_ctx_add_fresh(ctx, ctx->size);
	return outcome;
}

static enum pcibuf_outcome coherent_alloc(struct pcibuf_alloc_ctx *ctx,
					  struct pcibuf_memory **memory)
{
	enum pcibuf_outcome outcome = PCIBUF_DONE;
	struct pcibuf_coherent *coherent;

	if (pcibuf_ctx_beyond_natural(ctx))
		return PCIBUF_OVER_NATURAL;
	coherent = take_quarantined(ctx);
	if (!coherent) {
		outcome = charge_fresh(ctx);
		if (outcome == PCIBUF_DONE)
			outcome = alloc_fresh(ctx, &coherent);
	}
	if (outcome == PCIBUF_DONE)
		*memory = &coherent->memory;
	return outcome;
}

const struct pcibuf_memory_ops pcibuf_coherent_ops = {
	.name = "coherent",
	.backing = PCIBUF_BACKING_COHERENT,
	.alloc = coherent_alloc,
	.mmap = coherent_mmap,
	.fault = coherent_fault,
	.wait_idle = coherent_wait_idle,
	.kmap_at = coherent_kmap_at,
	.node = coherent_node,
	.unmap = coherent_unmap,
	.release = coherent_release,
};
