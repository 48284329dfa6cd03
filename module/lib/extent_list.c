// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extents: appended, merged, cut, and searched.
 */
#include <linux/kernel.h>

#include "lib/extent_list.h"

/*
 * Limit of a search for the best extent: how many extents may be examined page by
 * page, and how many more may be compared after one was found. What a search
 * leaves out is charged as new memory.
 */
#define MAX_LOOKS	1024

/* Extents in one list in quarantine: to copy so many takes some 10 ms. */
#define MAX_MERGED	(1024U * 1024)

static unsigned long page_size(const struct pcibuf_extent *extent)
{
	return 1UL << extent->order;
}

/* Does @extent continue @last, in the same state? */
static bool follows(const struct pcibuf_extent *last,
		    const struct pcibuf_extent *extent)
{
	return last->pfn + last->nr_pages == extent->pfn &&
	       last->order == extent->order &&
	       last->reused == extent->reused && last->dirty == extent->dirty;
}

/**
 * pcibuf_extents_append() - add an extent at the end of a list
 * @extents: the list, with room for one more
 * @nr: length of the list
 * @extent: extent to add. It makes the last extent longer where it continues that
 *	one; an empty extent is left out
 *
 * Return: the new length of the list.
 */
unsigned int pcibuf_extents_append(struct pcibuf_extent *extents,
				   unsigned int nr,
				   const struct pcibuf_extent *extent)
{
	if (!extent->nr_pages)
		return nr;
	if (nr && follows(&extents[nr - 1], extent)) {
		extents[nr - 1].nr_pages += extent->nr_pages;
		return nr;
	}
	extents[nr] = *extent;
	return nr + 1;
}

/**
 * pcibuf_extents_merge() - merge two lists that are sorted by address
 * @out: merged list, with room for both
 * @nr: out: length of the merged list
 * @a: first list
 * @nr_a: length of the first list
 * @b: second list
 * @nr_b: length of the second list
 */
void pcibuf_extents_merge(struct pcibuf_extent *out, unsigned int *nr,
			  const struct pcibuf_extent *a, unsigned int nr_a,
			  const struct pcibuf_extent *b, unsigned int nr_b)
{
	unsigned int i = 0, j = 0;

	*nr = 0;
	while (i < nr_a || j < nr_b) {
		bool left = j == nr_b || (i < nr_a && a[i].pfn < b[j].pfn);

		*nr = pcibuf_extents_append(out, *nr,
					    left ? &a[i++] : &b[j++]);
	}
}

/**
 * pcibuf_extents_can_merge() - is the copy of two lists short enough?
 * @nr_a: length of one list
 * @nr_b: length of another list
 *
 * Return: whether they may be merged while others wait.
 */
bool pcibuf_extents_can_merge(unsigned int nr_a, unsigned int nr_b)
{
	return nr_a <= MAX_MERGED && nr_b <= MAX_MERGED - nr_a;
}

/**
 * pcibuf_extents_merge_pays() - are two lists to be merged as soon as one comes?
 * @nr_a: length of one list
 * @nr_b: length of another list
 *
 * A list that absorbs one that is not much shorter grows by half at least. So an extent is
 * copied only as often as a list can grow by half.
 *
 * Return: whether they may be merged, and neither is more than twice as long.
 */
bool pcibuf_extents_merge_pays(unsigned int nr_a, unsigned int nr_b)
{
	return pcibuf_extents_can_merge(nr_a, nr_b) && nr_a / 2 <= nr_b &&
	       nr_b / 2 <= nr_a;
}

/**
 * pcibuf_extent_cut() - take pages off the front of an extent
 * @extent: extent to shorten; it may become empty
 * @nr_pages: base pages to take, whole pages of the extent's order
 * @out: out: extent of the pages that were taken
 */
void pcibuf_extent_cut(struct pcibuf_extent *extent, unsigned long nr_pages,
		       struct pcibuf_extent *out)
{
	*out = *extent;
	out->nr_pages = nr_pages;
	extent->pfn += nr_pages;
	extent->nr_pages -= nr_pages;
}

static bool front_usable(const struct pcibuf_extent *extent,
			 unsigned long nr_pages, pcibuf_usable_fn *usable)
{
	return usable(extent->pfn, nr_pages, extent->order);
}

/* Only the ends of an extent are tried, so that the rest stays one extent. */
static bool end_usable(const struct pcibuf_extent *extent,
		       unsigned long nr_pages, pcibuf_usable_fn *usable)
{
	return front_usable(extent, nr_pages, usable) ||
	       usable(extent->pfn + extent->nr_pages - nr_pages, nr_pages,
		      extent->order);
}

/**
 * pcibuf_extent_cut_end() - take pages off the end that can be used
 * @extent: extent to shorten, one end of which can be used
 * @nr_pages: base pages to take
 * @out: out: extent of the pages that were taken
 * @usable: whether pages can be used
 *
 * The front is preferred: what is taken one after the other then lies together.
 */
void pcibuf_extent_cut_end(struct pcibuf_extent *extent, unsigned long nr_pages,
			   struct pcibuf_extent *out, pcibuf_usable_fn *usable)
{
	unsigned long rest = extent->nr_pages - nr_pages;
	bool front = front_usable(extent, nr_pages, usable);

	pcibuf_extent_cut(extent, nr_pages, out);
	if (front)
		return;
	out->pfn += rest;
	extent->pfn -= nr_pages;
}

/*
 * One whole page of the right order, or any number of base pages. Never a part of
 * a compound page, which is mapped and released as a whole.
 */
static bool fits(const struct pcibuf_extent *extent, unsigned int order,
		 unsigned long nr_pages)
{
	return extent->nr_pages >= nr_pages &&
	       (!extent->order ||
		(extent->order == order && nr_pages == page_size(extent)));
}

/* A page of the same order is best, then the shortest extent that fits. */
static bool better(const struct pcibuf_extent *extent,
		   const struct pcibuf_extent *found)
{
	return !found || extent->order > found->order ||
	       (extent->order == found->order &&
		extent->nr_pages < found->nr_pages);
}

/* Can no other extent be better? */
static bool perfect(const struct pcibuf_extent *extent, unsigned int order,
		    unsigned long nr_pages)
{
	return extent->order == order && (order || extent->nr_pages == nr_pages);
}

/**
 * pcibuf_extents_best() - find the extent to take pages of one order from
 * @extents: list to search
 * @nr: length of the list
 * @cursor: where the search begins; out: index of the extent that was found
 * @order: order of the page that is wanted
 * @nr_pages: the same in base pages: base pages that lie together serve as well
 * @usable: whether pages can be used
 *
 * Return: whether an extent was found; see pcibuf_extent_cut_end().
 */
enum pcibuf_found pcibuf_extents_best(const struct pcibuf_extent *extents,
				      unsigned int nr, unsigned int *cursor,
				      unsigned int order,
				      unsigned long nr_pages,
				      pcibuf_usable_fn *usable)
{
	const struct pcibuf_extent *found = NULL;
	unsigned int i, looks = 0;

	for (i = 0; i < nr && looks < MAX_LOOKS; i++) {
		const struct pcibuf_extent *extent =
			&extents[(*cursor + i) % nr];

		looks += !!found;
		if (!fits(extent, order, nr_pages) || !better(extent, found))
			continue;
		looks += !found;
		if (!end_usable(extent, nr_pages, usable))
			continue;
		found = extent;
		if (perfect(found, order, nr_pages))
			break;
	}
	if (!found)
		return looks ? PCIBUF_FOUND_BUSY : PCIBUF_FOUND_NONE;
	*cursor = found - extents;
	return PCIBUF_FOUND;
}

/*
 * How many extents from the first one on hold @nr_pages in a row, in pages that would
 * lie at multiples of their size in the buffer; 0 where they do not. With @cut, a part
 * of the last page will do.
 */
static unsigned int length_of_row(const struct pcibuf_extent *extents,
				  unsigned int nr, unsigned long nr_pages,
				  bool cut)
{
	unsigned long start = extents->pfn, next = start;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		unsigned long part = min(nr_pages, extents[i].nr_pages);

		if (extents[i].pfn != next || start % page_size(&extents[i]) ||
		    (!cut && part % page_size(&extents[i])))
			return 0;
		next += part;
		nr_pages -= part;
		if (!nr_pages)
			return i + 1;
	}
	return 0;
}

/*
 * How many extents of a row come before the first that cannot be used: @nr where
 * all can be. Either end of a row of one extent will do, and of the last extent
 * only the part that is wanted counts.
 */
static unsigned int usable_part(const struct pcibuf_extent *extents,
				unsigned int nr, unsigned long nr_pages,
				pcibuf_usable_fn *usable)
{
	unsigned int i;

	if (nr == 1)
		return end_usable(extents,
				  pcibuf_extent_whole(extents, nr_pages), usable);
	for (i = 0; i < nr; i++) {
		unsigned long part = min(nr_pages, extents[i].nr_pages);

		if (!front_usable(&extents[i],
				  pcibuf_extent_whole(&extents[i], part), usable))
			break;
		nr_pages -= part;
	}
	return i;
}

/**
 * pcibuf_extents_row() - find extents that hold contiguous memory
 * @extents: list, sorted by address
 * @nr: length of the list
 * @nr_pages: base pages wanted in a row
 * @cut: the row may end within a page
 * @first: out: index of the first extent
 * @usable: whether pages can be used
 *
 * The search goes on behind an extent that cannot be used.
 *
 * Return: how many extents, 0 where there are none.
 */
unsigned int pcibuf_extents_row(const struct pcibuf_extent *extents,
				unsigned int nr, unsigned long nr_pages,
				bool cut, unsigned int *first,
				pcibuf_usable_fn *usable)
{
	unsigned int row, good;

	for (*first = 0; *first < nr; *first += good + 1) {
		row = length_of_row(&extents[*first], nr - *first, nr_pages,
				    cut);
		good = row ? usable_part(&extents[*first], row, nr_pages,
					 usable) : 0;
		if (row && good == row)
			return row;
	}
	return 0;
}

/**
 * pcibuf_extents_aligned_row() - find extents that hold contiguous, aligned memory
 * @extents: list, sorted by address
 * @nr: length of the list
 * @want: what is wanted
 * @first: out: index of the first extent, at whose front the memory begins
 * @usable: whether pages can be used
 *
 * Return: how many extents, 0 where there are none.
 */
unsigned int pcibuf_extents_aligned_row(const struct pcibuf_extent *extents,
					unsigned int nr,
					const struct pcibuf_extent_row *want,
					unsigned int *first,
					pcibuf_usable_fn *usable)
{
	unsigned int row;

	for (*first = 0; *first < nr; ++*first) {
		const struct pcibuf_extent *at = &extents[*first];

		if ((at->pfn + want->shift) % want->align)
			continue;
		row = length_of_row(at, nr - *first, want->nr_pages, want->cut);
		if (row == 1 &&
		    front_usable(at, pcibuf_extent_whole(at, want->nr_pages),
				 usable))
			return row;
		if (row > 1 && row <= want->max_extents &&
		    usable_part(at, row, want->nr_pages, usable) == row)
			return row;
	}
	return 0;
}

/**
 * pcibuf_extents_aligned_part() - find aligned memory behind the front of an extent
 * @extents: list
 * @nr: length of the list
 * @want: what is wanted, of one extent
 * @skip: out: base pages of the extent that come before that memory
 * @usable: whether pages can be used
 *
 * Return: index of the extent, @nr where there is none.
 */
unsigned int pcibuf_extents_aligned_part(const struct pcibuf_extent *extents,
					 unsigned int nr,
					 const struct pcibuf_extent_row *want,
					 unsigned long *skip,
					 pcibuf_usable_fn *usable)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct pcibuf_extent *at = &extents[i];
		unsigned long whole = pcibuf_extent_whole(at, want->nr_pages);

		*skip = -(at->pfn + want->shift) % want->align;
		if (*skip >= at->nr_pages || at->nr_pages - *skip < whole ||
		    *skip % page_size(at) ||
		    (!want->cut && whole != want->nr_pages))
			continue;
		if (usable(at->pfn + *skip, whole, at->order))
			break;
	}
	return i;
}
