// SPDX-License-Identifier: GPL-2.0-only
/*
 * Range: physically contiguous memory of any size, for a card without an IOMMU.
 *
 * What is parked, if it will do; else the steps below, each dearer than the one
 * before it and able to do more.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "memory/pages/pages.h"

/*
 * One block of the page allocator, if the size is no more than that of one unit:
 * two neighbouring units are better than one block of 4 MiB, because each can be
 * mapped by one entry, and the search for neighbours finds the halves of such a
 * block.
 */
static int take_block(struct pcibuf_source *source, unsigned long nr)
{
	unsigned int order = get_order(nr << PAGE_SHIFT);
	struct pcibuf_run run = { .nr_pages = nr };
	struct page *page;
	int ret;

	if (nr > PCIBUF_HUGE_PAGES)
		return -ENOMEM;
	if (nr == BIT(order))
		return pcibuf_chunk_get(source, order);
	page = pcibuf_source_page(source, PCIBUF_GFP | __GFP_ZERO, order);
	if (!page) {
		source->demand->limit = pcibuf_source_why(source, order);
		return -ENOMEM;
	}
	pcibuf_split_block(page, order, nr);
	run.pfn = page_to_pfn(page);
	ret = pcibuf_source_add(source, &run, 1);
	if (ret)
		pcibuf_run_put(&run);
	return ret;
}

/* Also from the small zone that is kept for cards that reach nothing else. */
static int take_low_block(struct pcibuf_source *source, unsigned long nr)
{
	return pcibuf_source_lower(source) ? take_block(source, nr) : -ENOMEM;
}

static int claim_low(struct pcibuf_source *source, unsigned long nr)
{
	return source->low ? pcibuf_claim_get(source, nr) : -ENOMEM;
}

static const struct step {
	enum pcibuf_steps bit;
	int (*take)(struct pcibuf_source *source, unsigned long nr);
} steps[] = {
	{ PCIBUF_STEP_BLOCK, take_block },
	{ PCIBUF_STEP_NEIGHBOURS, pcibuf_neighbours_get },
	{ PCIBUF_STEP_CLAIM, pcibuf_claim_get },
	{ PCIBUF_STEP_BLOCK, take_low_block },
	{ PCIBUF_STEP_CLAIM, claim_low },
};

/* A debug build can be told to leave steps out, so that tests see each alone. */
static unsigned int contig_steps = PCIBUF_STEP_BLOCK | PCIBUF_STEP_NEIGHBOURS |
				   PCIBUF_STEP_CLAIM;
#ifdef CONFIG_PCIBUF_DEBUG
module_param(contig_steps, uint, 0644);
#endif

static int take_parked(struct pcibuf_source *source, unsigned long nr)
{
	struct pcibuf_pages *pages = source->pages;
	unsigned int i;
	int ret;

	ret = pcibuf_parked_take_range(source->pool, nr, pages);
	for (i = 0; !ret && i < pages->nr_runs; i++)
		ret = pcibuf_run_clear(source, &pages->runs[i]);
	return ret;
}

/* A step that failed leaves nothing behind. A full cgroup ends it. */
static int try_steps(struct pcibuf_source *source, unsigned long nr)
{
	struct pcibuf_demand *demand = source->demand;
	int i, ret = -ENOMEM;

	for (i = 0; i < ARRAY_SIZE(steps) && ret == -ENOMEM; i++) {
		if (!(contig_steps & steps[i].bit))
			continue;
		ret = pcibuf_demand_check(source->pool, demand);
		if (ret)
			return ret;
		demand->limit = PCIBUF_LIMIT_NONE;
		demand->steps |= steps[i].bit;
		ret = steps[i].take(source, nr);
		if (demand->limit == PCIBUF_LIMIT_CGROUP)
			return ret;
	}
	if (ret == -ENOMEM)
		demand->limit = nr > 1 ? PCIBUF_LIMIT_RANGE :
					 pcibuf_source_why(source, 0);
	return ret;
}

/* What is parked was no help, so all of it comes from the system. */
static int take_fresh(struct pcibuf_source *source, unsigned long nr)
{
	int ret;

	ret = pcibuf_demand_expect(source->pool, source->demand,
				   source->demand->size);
	return ret ?: try_steps(source, nr);
}

/**
 * pcibuf_range_get() - all of the demand as one physically contiguous range
 * @source: where to look, and what gets it
 *
 * Return: 0, -ENOMEM with the limit set, -EDQUOT, -EINTR or -ENODEV.
 */
int pcibuf_range_get(struct pcibuf_source *source)
{
	unsigned long nr = source->demand->size >> PAGE_SHIFT;
	int ret;

	ret = take_parked(source, nr);
	if (ret != -ENOMEM)
		return ret;
	return take_fresh(source, nr);
}
