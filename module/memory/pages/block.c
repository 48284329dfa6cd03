// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of the page allocator: split into base pages, joined, and taken again.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page_ref.h>

#include "compat.h"
#include "memory/pages/pages.h"

/* How many other blocks may come instead before a block is given up. */
#define MAX_OTHERS	4

/**
 * pcibuf_block_split() - make base pages of a block
 * @page: first page of the block, not compound
 * @order: order of the block
 * @nr_pages: number of base pages needed; the others go back
 */
void pcibuf_block_split(struct page *page, unsigned int order,
			unsigned long nr_pages)
{
	unsigned long i;

	split_page(page, order);
	for (i = nr_pages; i < BIT(order); i++)
		__free_page(page + i);
}

/**
 * pcibuf_block_join() - make one block of base pages
 * @page: first of %PCIBUF_HUGE_PAGES base pages that belong to the caller alone
 *
 * The pages, each with its own reference, become one block as it was before
 * split_page(): only its first page has a reference. Somebody may look at a page in
 * passing, by a stale pointer, and hold a reference for that moment. Then the pages
 * stay as they are.
 *
 * Return: whether they are one block.
 */
bool pcibuf_block_join(struct page *page)
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

/**
 * pcibuf_block_retake() - get the very block that was just freed
 * @page: first page of the block, which is of %PCIBUF_HUGE_ORDER
 * @gfp: how to ask for it, without a zone
 *
 * The block that was freed last is the first that is given out. The lists of movable
 * pages are asked first (through 6.12 a contiguous allocation makes the block one of
 * those), then the other lists.
 *
 * Return: whether the block was there.
 */
bool pcibuf_block_retake(struct page *page, gfp_t gfp)
{
	struct page *others[MAX_OTHERS], *got;
	unsigned int nr = 0;

	gfp = (gfp & ~PCIBUF_GFP_NOT_MAPPED) |
	      pcibuf_zone_gfp(page_zonenum(page)) | __GFP_MOVABLE |
	      __GFP_THISNODE;
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
