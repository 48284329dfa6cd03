// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backing "coherent": dma_alloc_coherent(), for devices that do not snoop
 * the caches and for guests whose memory is hidden from their devices.
 *
 * One segment, whatever was asked for. It has no reference counts to lean on:
 * what user space has mapped must be gone before the memory is.
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
 * struct mapper - an address space that this memory was mapped into
 * @node: on coherent->mappers
 * @mm: held by mmgrab(): it may have exited, it is not freed
 */
struct mapper {
	struct list_head node;
	struct mm_struct *mm;
};

/**
 * struct pcibuf_coherent - memory of dma_alloc_coherent()
 * @memory: what the core sees
 * @cpu: kernel address
 * @dma: bus address
 * @segment: the only one
 * @lock: protects @mappers; inside the mmap_lock
 * @mappers: an address space each, once
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

static void forget(struct mapper *mapper)
{
	list_del(&mapper->node);
	mmdrop(mapper->mm);
	kfree(mapper);
}

/* Also drops those that have exited, so that the list is as long as their number. */
static bool known(struct pcibuf_coherent *coherent, struct mm_struct *mm)
{
	struct mapper *mapper, *next;
	bool found = false;

	lockdep_assert_held(&coherent->lock);
	list_for_each_entry_safe(mapper, next, &coherent->mappers, node) {
		if (mapper->mm == mm)
			found = true;
		else if (!atomic_read(&mapper->mm->mm_users))
			forget(mapper);
	}
	return found;
}

static int record(struct pcibuf_coherent *coherent, struct mm_struct *mm)
{
	struct mapper *mapper;
	int ret = 0;

	mutex_lock(&coherent->lock);
	if (known(coherent, mm))
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
 * The area is found by revoke only after ->mmap returned, when the memory
 * manager links it into the file's mapping, but its entries are there before.
 * So whoever is in between is recorded, see coherent_wait_idle().
 */
static int coherent_mmap(struct pcibuf_memory *memory,
			 struct vm_area_struct *vma)
{
	struct pcibuf_coherent *coherent = to_coherent(memory);
	int ret;

	ret = record(coherent, vma->vm_mm);
	if (ret)
		return ret;
	return dma_mmap_coherent(memory->pool->dev, vma, coherent->cpu,
				 coherent->dma, coherent->memory.size);
}

/*
 * Behind an IOMMU the mapping consists of pages (but on 5.10, where that is Intel's),
 * and madvise() can drop them. Elsewhere it is a PFN mapping, which loses an entry to
 * revoke only.
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
 * ->mmap runs under the mmap_lock: when that was had, it is over. The list's own
 * lock is inside the mmap_lock and must not be held for this, nor need it be:
 * who found the buffer dead is not recorded any more.
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
		forget(mapper);
	}
}

static void coherent_kmap(struct pcibuf_memory *memory, u64 offset,
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

/* Only its release ends the card's access: dma_free_coherent() does both. */
static void coherent_unmap(struct pcibuf_memory *memory)
{
}

/*
 * dma_free_coherent() frees pages while an IOMMU may still let the card write to
 * them, until it is flushed. Behind one the memory consists of single pages, so
 * each can be held until then. (For 5.10 see pcibuf_free_coherent() in compat.h.)
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

/* Coherent memory is used again only as a whole. */
static struct pcibuf_memory *find_quarantined(struct pcibuf_pool *pool,
					      u64 size)
{
	struct pcibuf_memory *memory;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry(memory, &pool->quarantined, quarantined)
		if (memory->ops->backing == PCIBUF_BACKING_COHERENT &&
		    memory->size == size)
			return memory;
	return NULL;
}

/**
 * pcibuf_coherent_quarantined() - is coherent memory of a size in quarantine?
 * @pool: pool of the card
 * @size: bytes of all of it
 */
bool pcibuf_coherent_quarantined(struct pcibuf_pool *pool, u64 size)
{
	bool found;

	mutex_lock(&pool->lock);
	found = find_quarantined(pool, size);
	mutex_unlock(&pool->lock);
	return found;
}

static struct pcibuf_coherent *take_quarantined(struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_pool *pool = ctx->pool;
	struct pcibuf_memory *memory;

	mutex_lock(&pool->lock);
	memory = find_quarantined(pool, ctx->size);
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

static enum pcibuf_outcome take_fresh(struct pcibuf_alloc_ctx *ctx,
				      struct pcibuf_coherent **taken)
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
	*taken = coherent;
	return PCIBUF_DONE;
}

/* The charge comes first, and the check counts what was charged. */
static enum pcibuf_outcome may_take(struct pcibuf_alloc_ctx *ctx)
{
	enum pcibuf_outcome outcome;

	outcome = pcibuf_ctx_charge(ctx, ctx->size);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_ctx_check(ctx);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_ctx_add_fresh(ctx, ctx->size);
	return outcome;
}

static enum pcibuf_outcome coherent_alloc(struct pcibuf_alloc_ctx *ctx,
					  struct pcibuf_memory **memory)
{
	struct pcibuf_coherent *coherent = take_quarantined(ctx);
	enum pcibuf_outcome outcome = PCIBUF_DONE;

	if (!coherent) {
		outcome = may_take(ctx);
		if (outcome == PCIBUF_DONE)
			outcome = take_fresh(ctx, &coherent);
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
	.kmap_at = coherent_kmap,
	.node = coherent_node,
	.unmap = coherent_unmap,
	.release = coherent_release,
};
