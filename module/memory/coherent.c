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
#include "memory/coherent.h"
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
	struct pcibuf_coherent_block *block = coherent->block;
	unsigned long pgoff = vma->vm_pgoff;
	int ret;

	ret = record_mapper(coherent, vma->vm_mm);
	if (ret)
		return ret;
	/* The call wants the whole block, and finds the offset in the area. */
	vma->vm_pgoff += coherent->offset >> PAGE_SHIFT;
	ret = dma_mmap_coherent(memory->pool->dev, vma, block->cpu, block->dma,
				block->size);
	vma->vm_pgoff = pgoff;
	return ret;
}

/*
 * Behind an IOMMU the mapping consists of pages, and madvise() can drop a page. Then
 * map the page again. Without an IOMMU, and with Intel's IOMMU on 5.10, the mapping
 * is a PFN mapping. Only a revoke drops an entry of a PFN mapping.
 *
 * userfaultfd can leave a marker where madvise() dropped a page. An insertion would be
 * refused for ever, so end the access.
 */
static vm_fault_t coherent_fault(struct pcibuf_memory *memory,
				 struct vm_fault *vmf)
{
	void *at = pcibuf_coherent_cpu(to_coherent(memory)) +
		   ((u64)vmf->pgoff << PAGE_SHIFT);

	if (!(vmf->vma->vm_flags & VM_MIXEDMAP) || pcibuf_fault_has_marker(vmf))
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
 *
 * The wait has no bound: who holds an mmap_lock may wait for a slow file. But without the
 * wait an ->mmap could leave entries that lead to memory of somebody else.
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
	kmap->page = NULL;
	kmap->kaddr = pcibuf_coherent_cpu(to_coherent(memory)) + offset;
	kmap->len = memory->size - offset;
}

static int coherent_node(struct pcibuf_memory *memory)
{
	void *cpu = pcibuf_coherent_cpu(to_coherent(memory));

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

/* The pages of a node whose zones up to @top keep their share, and what is free of CMA. */
static u64 room_of(int nid, enum zone_type top)
{
	u64 room = pcibuf_reserve_spare_of(nid, top);
	int i;

	for (i = 0; i <= top; i++)
		room += zone_page_state(&NODE_DATA(nid)->node_zones[i],
					NR_FREE_CMA_PAGES);
	return room;
}

/* Highest zone that dma_alloc_coherent() takes memory from. */
static enum zone_type top_zone(struct device *dev)
{
	u64 limit = min_not_zero(dev->coherent_dma_mask, dev->bus_dma_limit);

	if (pcibuf_dma_translated(dev) || limit >= dma_get_required_mask(dev) ||
	    limit > DMA_BIT_MASK(32))
		return ZONE_NORMAL;
	return max(ZONE_NORMAL - 1, 0);
}

/* dma_alloc_coherent() chooses the node. So the nodes keep their shares together. */
static enum pcibuf_outcome check_zones(struct pcibuf_alloc_ctx *ctx)
{
	enum zone_type top = top_zone(ctx->pool->dev);
	int nid, own = dev_to_node(ctx->pool->dev);
	u64 room = 0;

	for_each_node_state(nid, N_MEMORY)
		room += room_of(nid, top);
	if (room >= ctx->size >> PAGE_SHIFT)
		return PCIBUF_DONE;
	if (own == NUMA_NO_NODE || !node_state(own, N_MEMORY))
		own = first_memory_node;
	pcibuf_ctx_spare(ctx, own, NODE_DATA(own)->node_zones[top].name);
	return PCIBUF_NO_RESERVE;
}

/* Charge before the check: the check counts the bytes that were charged. */
static enum pcibuf_outcome charge_fresh(struct pcibuf_alloc_ctx *ctx)
{
	enum pcibuf_outcome outcome;

	outcome = pcibuf_ctx_charge(ctx, ctx->size);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_ctx_interrupted(ctx);
	if (outcome == PCIBUF_DONE)
		outcome = check_zones(ctx);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_ctx_add_fresh(ctx, ctx->size);
	return outcome;
}

/* What was in quarantine goes back there if nobody wants it any more. */
static enum pcibuf_outcome zero(struct pcibuf_coherent *coherent,
				const struct pcibuf_alloc_ctx *ctx)
{
	enum pcibuf_outcome outcome = PCIBUF_DONE;
	u64 at, part;

	for (at = 0; outcome == PCIBUF_DONE && at < ctx->size; at += part) {
		part = min_t(u64, ctx->size - at, SZ_4M);
		memset(pcibuf_coherent_cpu(coherent) + at, 0, part);
		cond_resched();
		outcome = pcibuf_ctx_interrupted(ctx);
	}
	if (outcome != PCIBUF_DONE)
		pcibuf_pool_quarantine(ctx->pool, &coherent->memory);
	return outcome;
}

static enum pcibuf_outcome take_parked(struct pcibuf_alloc_ctx *ctx,
				       struct pcibuf_coherent **coherent)
{
	enum pcibuf_outcome outcome = pcibuf_block_take(ctx, coherent);

	if (outcome != PCIBUF_DONE)
		return outcome;
	(*coherent)->memory.ops = &pcibuf_coherent_ops;
	return zero(*coherent, ctx);
}

static enum pcibuf_outcome alloc_fresh(struct pcibuf_alloc_ctx *ctx,
				       struct pcibuf_coherent **coherent)
{
	enum pcibuf_outcome outcome = charge_fresh(ctx);

	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_block_alloc(ctx, coherent);
	if (outcome == PCIBUF_DONE)
		(*coherent)->memory.ops = &pcibuf_coherent_ops;
	return outcome;
}

static enum pcibuf_outcome coherent_alloc(struct pcibuf_alloc_ctx *ctx,
					  struct pcibuf_memory **memory)
{
	struct pcibuf_coherent *coherent;
	enum pcibuf_outcome outcome;

	if (pcibuf_ctx_beyond_natural(ctx))
		return PCIBUF_OVER_NATURAL;
	outcome = take_parked(ctx, &coherent);
	if (outcome == PCIBUF_NONE)
		outcome = alloc_fresh(ctx, &coherent);
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
	.park = pcibuf_block_park,
	.whole = pcibuf_block_is_whole,
	.release = pcibuf_block_release,
};
