// SPDX-License-Identifier: GPL-2.0-only
/*
 * Movable: what it costs to empty a block of memory that others use.
 */
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>

#include "compat.h"
#include "lib/spans.h"
#include "memory/pages/pages.h"

/*
 * Cost of a page that is on its way to where it can be moved from, so that
 * ranges without any are preferred: with one, a claim fails at once.
 */
#define COST_ON_ITS_WAY	64

/* Where the costs of a block's pages add up to more, they are not counted on. */
#define COST_MAX	(PCIBUF_COST_NEVER - 1)

/*
 * To move a page that is being read or written is to wait for that, which no signal
 * ends; and a file may be on a server that is gone. FUSE's wait for its daemon is
 * under the lock alone, with the writeback said to be over.
 */
static bool is_waited_for(struct page *head)
{
	return PageWriteback(head) || PageLocked(head);
}

/*
 * A guess, because nothing keeps the page from changing meanwhile: a wrong one
 * costs a try. The type comes before the count, which is 0 for slabs and others
 * from 6.14 on. @step: so many pages are judged by this look.
 */
static u16 page_cost(struct zone *zone, struct page *page, unsigned long *step)
{
	struct page *head = compound_head(page);

	*step = 1;
	if (PageReserved(page) || PageHWPoison(page) || page_zone(page) != zone)
		return PCIBUF_COST_NEVER;
	if (PageBuddy(page)) {
		*step = BIT(min_t(unsigned long, page_private(page),
				  PCIBUF_HUGE_ORDER));
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
	/* Nobody's: in a list of free pages of one processor. */
	return head == page && !page_count(page) ? 1 : PCIBUF_COST_NEVER;
}

/**
 * pcibuf_migrate_cost() - how many pages would have to be moved?
 * @zone: of the block
 * @pfn: of its first page; a multiple of %PCIBUF_HUGE_PAGES
 *
 * Called by whoever searches, so that the struct pages stay.
 *
 * Return: about so many, or %PCIBUF_COST_NEVER.
 */
u16 pcibuf_migrate_cost(struct zone *zone, unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned long at, step, sum = 0;

	if (!page)
		return PCIBUF_COST_NEVER;
	for (at = 0; at < PCIBUF_HUGE_PAGES; at += step) {
		u16 cost = page_cost(zone, page + at, &step);

		if (cost == PCIBUF_COST_NEVER)
			return cost;
		sum += cost;
	}
	return min_t(unsigned long, sum, COST_MAX);
}
