// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unite: the single pages of a claimed range become units of 2 MiB.
 *
 * Only a page of 2 MiB can be mapped by one entry and given back by one call,
 * and alloc_contig_range() gives single ones (it makes units from 6.12 on, in
 * different ways, and not of any range). So each 2 MiB goes back to the page
 * allocator in one piece, and is asked for again as a unit: nobody else was
 * waiting for it, and what was freed last is what is handed out first. Where it
 * is not, it stays single pages.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page_ref.h>
#include <linux/sched.h>

#include "compat.h"
#include "pages.h"

/* How many other units may come instead before it is given up. */
#define MAX_OTHERS	4

/*
 * Pages that belong to nobody but us, each with its own reference, turn into one
 * block, as it was before split_page(): only its first page has one. Somebody
 * may look at a page in passing, by a stale pointer, and hold a reference for
 * that moment: then it is left alone.
 */
static bool join(struct page *page)
{
	unsigned long i;

	for (i = 1; i < PCIBUF_HUGE_PAGES; i++)
		if (!page_ref_freeze(page + i, 1))
			break;
	if (i == PCIBUF_HUGE_PAGES && page_count(page) == 1)
		return true;
	while (--i)
		page_ref_unfreeze(page + i, 1);
	return false;
}

/*
 * From the lists of movable pages: through 6.12 claiming a range makes it one of
 * them.
 */
static gfp_t retake_gfp(struct page *page)
{
	gfp_t gfp = (PCIBUF_GFP & ~PCIBUF_GFP_NOT_MAPPED) | __GFP_COMP |
		    __GFP_MOVABLE | __GFP_THISNODE;

	/* It is there, or somebody else has it. */
	gfp &= ~__GFP_DIRECT_RECLAIM;

	switch (page_zonenum(page)) {
#ifdef CONFIG_ZONE_DMA
	case ZONE_DMA:
		return gfp | __GFP_DMA;
#endif
#ifdef CONFIG_ZONE_DMA32
	case ZONE_DMA32:
		return gfp | __GFP_DMA32;
#endif
	default:
		return gfp;
	}
}

/* The very block that was freed, or nothing; from either kind of list. */
static bool retake(struct page *page)
{
	struct page *others[MAX_OTHERS], *got = NULL;
	gfp_t gfp = retake_gfp(page);
	unsigned int nr = 0;

	for (;;) {
		got = alloc_pages_node(page_to_nid(page), gfp,
				       PCIBUF_HUGE_ORDER);
		if (!got || got == page || nr == MAX_OTHERS)
			break;
		others[nr++] = got;
		gfp ^= __GFP_MOVABLE;
	}
	if (got && got != page)
		__free_pages(got, PCIBUF_HUGE_ORDER);
	while (nr--)
		__free_pages(others[nr], PCIBUF_HUGE_ORDER);
	return got == page;
}

/* 2 MiB from @run->pfn on, which are single pages so far. */
static int unite_block(struct pcibuf_run *run)
{
	struct page *page = pfn_to_page(run->pfn);

	if (!join(page))
		return 0;
	__free_pages(page, PCIBUF_HUGE_ORDER);
	if (retake(page)) {
		run->order = PCIBUF_HUGE_ORDER;
		return 0;
	}
	return pcibuf_claim_at(run->pfn, PCIBUF_HUGE_PAGES) ? -ENOMEM : 0;
}

/**
 * pcibuf_unite() - make units of what was claimed
 * @run: the claimed range, single pages. On failure what is left of it that was
 *	not added
 * @into: gets it as units and single pages; has room for a run for each 2 MiB and
 *	one more
 *
 * Called by whoever searches.
 *
 * Return: 0; or -ENOMEM, when somebody was faster: the range has a hole.
 */
int pcibuf_unite(struct pcibuf_run *run, struct pcibuf_pages *into)
{
	while (run->nr_pages) {
		struct pcibuf_run part = {
			.pfn = run->pfn,
			.nr_pages = min(run->nr_pages, PCIBUF_HUGE_PAGES),
		};
		int ret = 0;

		if (part.nr_pages == PCIBUF_HUGE_PAGES)
			ret = unite_block(&part);
		run->pfn += part.nr_pages;
		run->nr_pages -= part.nr_pages;
		if (ret)
			return ret;
		pcibuf_runs_add(into, &part);
		cond_resched();
	}
	return 0;
}
