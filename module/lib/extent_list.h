/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extents: lists of physically contiguous pages.
 *
 * Pure: no allocation and no access to a page, so that tests/unit compiles it on
 * the host. The caller says whether pages can be used.
 */
#ifndef PCIBUF_EXTENT_LIST_H
#define PCIBUF_EXTENT_LIST_H

#include <linux/types.h>

/**
 * struct pcibuf_extent - physically contiguous pages of one order
 * @pfn: page frame number of the first page
 * @nr_pages: length in base pages, a multiple of the order's size; but a buffer may use
 *	only a part of its last page. An extent in quarantine may have 0
 * @first: offset in the buffer, in base pages; undefined in quarantine
 * @order: order of each page. A page of an order above 0 is compound, and its
 *	offset and its physical address are multiples of its size
 * @reused: the extent was in quarantine before
 * @dirty: the extent is not zeroed yet
 */
struct pcibuf_extent {
	unsigned long pfn;
	unsigned long nr_pages;
	unsigned long first;
	unsigned int order;
	bool reused;
	bool dirty;
};

/* Base pages of all pages that so many base pages of an extent lie in. */
static inline unsigned long pcibuf_extent_whole(const struct pcibuf_extent *extent,
						unsigned long nr_pages)
{
	unsigned long size = 1UL << extent->order;

	return (nr_pages + size - 1) / size * size;
}

/**
 * struct pcibuf_extent_row - contiguous memory of an alignment that is wanted
 * @nr_pages: base pages
 * @align: base pages, a power of two: the first page lies at a multiple of this,
 * @shift: after this was added to its page frame number
 * @max_extents: how many extents the memory may consist of
 * @cut: the memory may end within a page
 */
struct pcibuf_extent_row {
	unsigned long nr_pages;
	unsigned long align;
	unsigned long shift;
	unsigned int max_extents;
	bool cut;
};

/* Can each of these pages be used: is none of them pinned or broken? */
typedef bool pcibuf_usable_fn(unsigned long pfn, unsigned long nr_pages,
			      unsigned int order);

/**
 * enum pcibuf_found - how a search of extents ended
 * @PCIBUF_FOUND: @at and @nr tell where
 * @PCIBUF_FOUND_NONE: no extent fits
 * @PCIBUF_FOUND_BUSY: the extents that fit cannot be used now
 */
enum pcibuf_found {
	PCIBUF_FOUND,
	PCIBUF_FOUND_NONE,
	PCIBUF_FOUND_BUSY,
};

/**
 * pcibuf_extents_find() - find the extent that holds an offset
 * @extents: list in the order of offsets, without gaps
 * @nr: length of the list, not 0
 * @offset: offset in the buffer, in base pages, below the end of the buffer
 *
 * Inline, because a fault-around looks up each page.
 *
 * Return: index of the extent.
 */
static inline unsigned int
pcibuf_extents_find(const struct pcibuf_extent *extents, unsigned int nr,
		    unsigned long offset)
{
	unsigned int low = 0, high = nr - 1;

	while (low < high) {
		unsigned int middle = low + (high - low + 1) / 2;

		if (extents[middle].first <= offset)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

unsigned int pcibuf_extents_append(struct pcibuf_extent *extents,
				   unsigned int nr,
				   const struct pcibuf_extent *extent);
void pcibuf_extents_merge(struct pcibuf_extent *out, unsigned int *nr,
			  const struct pcibuf_extent *a, unsigned int nr_a,
			  const struct pcibuf_extent *b, unsigned int nr_b);
bool pcibuf_extents_can_merge(unsigned int nr_a, unsigned int nr_b);
bool pcibuf_extents_merge_pays(unsigned int nr_a, unsigned int nr_b);
void pcibuf_extent_cut(struct pcibuf_extent *extent, unsigned long nr_pages,
		       struct pcibuf_extent *out);
void pcibuf_extent_cut_end(struct pcibuf_extent *extent, unsigned long nr_pages,
			   struct pcibuf_extent *out, pcibuf_usable_fn *usable);
enum pcibuf_found pcibuf_extents_best(const struct pcibuf_extent *extents,
				      unsigned int nr, unsigned int *cursor,
				      unsigned int order,
				      unsigned long nr_pages,
				      pcibuf_usable_fn *usable);
unsigned int pcibuf_extents_row(const struct pcibuf_extent *extents,
				unsigned int nr, unsigned long nr_pages,
				bool cut, unsigned int *first,
				pcibuf_usable_fn *usable);
unsigned int pcibuf_extents_aligned_row(const struct pcibuf_extent *extents,
					unsigned int nr,
					const struct pcibuf_extent_row *want,
					unsigned int *first,
					pcibuf_usable_fn *usable);
unsigned int pcibuf_extents_aligned_part(const struct pcibuf_extent *extents,
					 unsigned int nr,
					 const struct pcibuf_extent_row *want,
					 unsigned long *skip,
					 pcibuf_usable_fn *usable);

#endif /* PCIBUF_EXTENT_LIST_H */
