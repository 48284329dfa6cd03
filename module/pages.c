// SPDX-License-Identifier: GPL-2.0-only
/*
 * The backing "pages": ordinary, reference-counted pages.
 *
 * A mapping, a pin by direct I/O and a descriptor each hold a reference to the
 * memory itself, so it is never given to somebody else while one of them is
 * left, whatever becomes of the buffer.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "compat.h"
#include "dma.h"
#include "pages.h"

/* How often a long allocation looks up from its work. */
#define CHECK_EVERY	(SZ_4M >> PAGE_SHIFT)

/* Room for one more run. */
static int grow(struct pcibuf_pages *pages)
{
	unsigned int max = max(16U, pages->max_runs * 2);
	struct pcibuf_run *runs;

	if (pages->nr_runs < pages->max_runs)
		return 0;
	runs = kvmalloc_array(max, sizeof(*runs), PCIBUF_GFP);
	if (!runs)
		return -ENOMEM;
	if (pages->nr_runs)
		memcpy(runs, pages->runs, pages->nr_runs * sizeof(*runs));
	kvfree(pages->runs);
	pages->runs = runs;
	pages->max_runs = max;
	return 0;
}

static void add_run(struct pcibuf_pages *pages, struct pcibuf_run *run)
{
	struct pcibuf_run *last = &pages->runs[pages->nr_runs - 1];
	unsigned long i;

	for (i = 0; i < run->nr_pages; i += 1UL << run->order)
		pcibuf_page_set_index(pfn_to_page(run->pfn + i),
				      run->first + i);
	if (pages->nr_runs && pcibuf_run_follows(last, run) &&
	    last->reused == run->reused)
		last->nr_pages += run->nr_pages;
	else
		pages->runs[pages->nr_runs++] = *run;
}

static int fill_block(struct pcibuf_pages *pages, struct pcibuf_source *source)
{
	struct pcibuf_run run;
	int ret;

	ret = pcibuf_demand_check(source->pool, source->demand);
	if (ret)
		return ret;
	ret = pcibuf_block_get(source, &run);
	if (ret)
		return ret;
	run.first = 0;
	add_run(pages, &run);
	return 0;
}

/*
 * The largest order that is a multiple of its own size in the buffer: the
 * memory manager maps a compound page at a multiple of its size and checks
 * nothing, so a shifted one would show wrong data.
 */
static unsigned int fitting_order(pgoff_t first, unsigned long left,
				  unsigned int max)
{
	if (first)
		max = min_t(unsigned int, max, __ffs(first));
	return min_t(unsigned int, max, ilog2(left));
}

/*
 * The next chunk of a buffer that may lie anywhere. Where there is none of its
 * order there is soon none again, so @max falls for the rest of the buffer. Over
 * the quota there may still be smaller chunks that are parked.
 */
static int fill_chunk(struct pcibuf_pages *pages, struct pcibuf_source *source,
		      pgoff_t first, unsigned int *max)
{
	unsigned long left = (source->demand->size >> PAGE_SHIFT) - first;
	struct pcibuf_run run;
	int ret;

	for (;;) {
		unsigned int order = fitting_order(first, left, *max);

		ret = pcibuf_chunk_get(source, order, &run);
		if (!ret)
			break;
		if ((ret != -ENOMEM && ret != -EDQUOT) || !order)
			return ret;
		*max = order - 1;
	}
	run.first = first;
	add_run(pages, &run);
	return run.nr_pages;
}

static int fill(struct pcibuf_pages *pages, struct pcibuf_source *source)
{
	unsigned long nr = source->demand->size >> PAGE_SHIFT;
	unsigned int max = PCIBUF_HUGE_ORDER;
	pgoff_t first = 0, check = 0;
	int ret;

	while (first < nr) {
		if (first >= check) {
			ret = pcibuf_demand_check(source->pool, source->demand);
			if (ret)
				return ret;
			check = first + CHECK_EVERY;
		}
		source->demand->limit = PCIBUF_LIMIT_NONE;
		ret = grow(pages);
		if (ret)
			return ret;
		ret = fill_chunk(pages, source, first, &max);
		if (ret < 0)
			return ret;
		first += ret;
	}
	return 0;
}

static void free_pages_struct(struct pcibuf_pages *pages)
{
	kvfree(pages->runs);
	kfree(pages);
}

static void pages_release(struct pcibuf_memory *memory)
{
	struct pcibuf_pages *pages = to_pages(memory);
	unsigned int i;

	for (i = 0; i < pages->nr_runs; i++)
		pcibuf_run_put(&pages->runs[i]);
	free_pages_struct(pages);
}

/*
 * An allocation that failed gives back what it took to where it took it from:
 * what came out of the pool the card may still write to.
 */
static void abandon(struct pcibuf_pages *pages)
{
	unsigned int i, kept = 0;

	/* Some of it may have been mapped for a moment. */
	pcibuf_dma_flush(pages->memory.pool->dev);
	pages->memory.size = 0;
	for (i = 0; i < pages->nr_runs; i++) {
		struct pcibuf_run *run = &pages->runs[i];

		if (run->reused) {
			pages->memory.size += (u64)run->nr_pages << PAGE_SHIFT;
			pages->runs[kept++] = *run;
		} else {
			pcibuf_run_put(run);
		}
	}
	pages->nr_runs = kept;
	if (kept)
		pcibuf_pool_park(pages->memory.pool, &pages->memory);
	else
		free_pages_struct(pages);
}

static struct pcibuf_memory *pages_alloc(struct pcibuf_pool *pool,
					 struct pcibuf_demand *demand)
{
	struct pcibuf_source source;
	struct pcibuf_pages *pages;
	int ret = -ENOMEM;

	pages = kzalloc(sizeof(*pages), PCIBUF_GFP);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	pages->memory.ops = &pcibuf_pages_ops;
	pages->memory.pool = pool;
	pages->memory.size = demand->size;
	pcibuf_source_init(&source, pool, demand);
	if (grow(pages))
		goto err_abandon;
	if (demand->contiguous && !pcibuf_dma_translated(pool->dev))
		ret = fill_block(pages, &source);
	else
		ret = fill(pages, &source);
	if (!ret)
		ret = pcibuf_pages_map(pages, demand);
	if (ret)
		goto err_abandon;
	return &pages->memory;

err_abandon:
	/* No memory for its records: whoever said so did not say why. */
	if (ret == -ENOMEM && demand->limit == PCIBUF_LIMIT_NONE)
		demand->limit = pcibuf_source_why(&source, 0);
	abandon(pages);
	return ERR_PTR(ret);
}

/* The run that holds a page offset inside the buffer. */
static struct pcibuf_run *find_run(struct pcibuf_pages *pages, pgoff_t pgoff)
{
	unsigned int low = 0, high = pages->nr_runs - 1;

	while (low < high) {
		unsigned int middle = (low + high + 1) / 2;

		if (pages->runs[middle].first <= pgoff)
			low = middle;
		else
			high = middle - 1;
	}
	return &pages->runs[low];
}

static struct page *pages_page(struct pcibuf_memory *memory, pgoff_t pgoff,
			       unsigned int *order)
{
	struct pcibuf_run *run = find_run(to_pages(memory), pgoff);

	*order = run->order;
	return pfn_to_page(run->pfn + (pgoff - run->first));
}

/*
 * A fault that found the buffer alive comes back to the memory manager with the
 * page locked, and it unlocks the page when the entry is in place. So when each
 * page's lock was had once, every such entry is there to be taken away, and
 * every later fault sees that the buffer is dead.
 */
static void pages_settle(struct pcibuf_memory *memory)
{
	struct pcibuf_pages *pages = to_pages(memory);
	unsigned int i;

	for (i = 0; i < pages->nr_runs; i++) {
		struct pcibuf_run *run = &pages->runs[i];
		unsigned long at;

		for (at = 0; at < run->nr_pages; at += 1UL << run->order) {
			lock_page(pfn_to_page(run->pfn + at));
			unlock_page(pfn_to_page(run->pfn + at));
			cond_resched();
		}
	}
}

/* To the end of the unit: one reference holds no more than that. */
static void pages_view(struct pcibuf_memory *memory, u64 offset,
		       struct pcibuf_view *view)
{
	pgoff_t pgoff = offset >> PAGE_SHIFT;
	unsigned long unit;
	unsigned int order;

	view->page = pages_page(memory, pgoff, &order);
	unit = PAGE_SIZE << order;
	view->kaddr = page_address(view->page) + offset_in_page(offset);
	view->len = unit - (offset & (unit - 1));
}

static int pages_node(struct pcibuf_memory *memory)
{
	return page_to_nid(pfn_to_page(to_pages(memory)->runs[0].pfn));
}

static void pages_unmap(struct pcibuf_memory *memory)
{
	pcibuf_pages_unmap(to_pages(memory));
}

const struct pcibuf_memory_ops pcibuf_pages_ops = {
	.name = "pages",
	.backing = PCIBUF_BACKING_PAGES,
	.alloc = pages_alloc,
	.page = pages_page,
	.settle = pages_settle,
	.view = pages_view,
	.node = pages_node,
	.unmap = pages_unmap,
	.absorb = pcibuf_pages_absorb,
	.release = pages_release,
};
