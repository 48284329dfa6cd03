// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migrate cost: what it costs to empty a block of memory that others use.
 */
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "compat.h"
#include "lib/spans.h"
#include "memory/pages/pages.h"

/*
 * Cost of a page that is still on its way to an LRU list. Such a page cannot be
 * moved before it is on the list: a contiguous allocation of a range with such a
 * page fails at once. The high cost makes the search prefer ranges without such
 * pages.
 */
#define COST_ON_ITS_WAY	64

/* Highest cost of a block: a higher sum of the costs of its pages is cut to this. */
#define COST_MAX	(PCIBUF_COST_NEVER - 1)

/*
 * Does I/O use the page? To move such a page is to wait until the I/O ends. No
 * signal ends that wait, and the file may be on a server that is gone.
 * PageWriteback() is not enough: FUSE ends the writeback flag early, and then waits
 * for its daemon with only the page locked.
 */
static bool is_waited_for(struct page *head)
{
	return PageWriteback(head) || PageLocked(head);
}

/*
 * Estimate the cost of a page. Nothing keeps the page from changing meanwhile, and a
 * wrong estimate costs one try. Test the type before the count: from 6.14 on the
 * count is 0 for slabs and for some other types. @step: out: number of base pages
 * that the estimate covers.
 */
static u16 page_cost(struct zone *zone, struct page *page, unsigned long *step)
{
	struct page *head = compound_head(page);

	*step = 1;
	if (PageReserved(page) || PageHWPoison(page) || page_zone(page) != zone)
		return PCIBUF_COST_NEVER;
	if (PageBuddy(page)) {
		*step = BIT(min_t(unsigned long, page_private(page),
				  PCIBUF_MAX_ORDER));
		return 0;
	}
	if (PageSlab(head) || PageHuge(head) || page_has_type(head))
		return PCIBUF_COST_NEVER;
	if (is_waited_for(head))
		return PCIBUF_COST_NEVER;
	if (PageLRU(head))
		return pcibuf_page_pinned(head) ? PCIBUF_COST_NEVER : 1;
	if (head->mapping)
		return COST_ON_ITS_WAY;
	/* A free page in the list of one processor has no owner and can be taken. */
	return head == page && !page_count(page) ? 1 : PCIBUF_COST_NEVER;
}

/*
 * Is the block a part of a larger free block, which begins before it? Such a block lies
 * in the same section of struct pages.
 */
static bool is_in_free_block(unsigned long pfn)
{
	unsigned int order;

	for (order = PCIBUF_BLOCK_ORDER + 1; order <= PCIBUF_MAX_ORDER; order++) {
		struct page *head = pfn_to_page(round_down(pfn, BIT(order)));

		if (PageBuddy(head) && page_private(head) >= order)
			return true;
	}
	return false;
}

/*
 * A contiguous allocation makes movable page blocks of all that it asks for, also where
 * it fails. So it keeps out of page blocks that have a use of their own: CMA, the reserve
 * for atomic allocations, and what somebody else isolates.
 */
static bool is_kept(struct zone *zone, unsigned long pfn)
{
	unsigned long at;

	for (at = 0; at < PCIBUF_BLOCK_PAGES; at += pageblock_nr_pages)
		if (pcibuf_pageblock_is_kept(zone, pfn + at))
			return true;
	return false;
}

/**
 * pcibuf_migrate_cost() - how many pages must be moved to empty a block?
 * @zone: zone of the block
 * @pfn: page frame number of the block's first page, a multiple of
 *	%PCIBUF_BLOCK_PAGES
 *
 * A block has %PCIBUF_BLOCK_PAGES base pages. The caller holds the contiguous
 * allocation lock (contig_lock.c): the struct pages stay while the lock is held.
 * Does not sleep.
 *
 * Return: about the number of base pages to move, or %PCIBUF_COST_NEVER where the
 * block cannot be emptied.
 */
u16 pcibuf_migrate_cost(struct zone *zone, unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned long at, step, sum = 0;

	if (!page || is_kept(zone, pfn))
		return PCIBUF_COST_NEVER;
	if (page_zone(page) == zone && is_in_free_block(pfn))
		return 0;
	for (at = 0; at < PCIBUF_BLOCK_PAGES; at += step) {
		u16 cost = page_cost(zone, page + at, &step);

		if (cost == PCIBUF_COST_NEVER)
			return cost;
		sum += cost;
	}
	return min_t(unsigned long, sum, COST_MAX);
}
