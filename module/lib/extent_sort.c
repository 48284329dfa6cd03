// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sorts extents: a merge sort of the runs that are there.
 *
 * What the page allocator gives, and what was sorted in another way before, consists of
 * few long runs. Short runs are made longer by insertion first.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "lib/extent_sort.h"

/* A run is made at least so long before runs are merged. */
#define MIN_RUN		32

/* Steps between two pauses: less than a millisecond. */
#define PAUSE_EVERY	4096

/**
 * struct sorter - a list that is being sorted
 * @before: which of two extents comes first
 * @pause: called now and then
 * @steps: how many extents were looked at since the last pause
 */
struct sorter {
	pcibuf_before_fn *before;
	void (*pause)(void);
	unsigned int steps;
};

/**
 * pcibuf_before_by_address() - the order of a list in quarantine
 * @a: an extent
 * @b: another extent
 *
 * Return: whether @a is at a lower address.
 */
bool pcibuf_before_by_address(const struct pcibuf_extent *a,
			      const struct pcibuf_extent *b)
{
	return a->pfn < b->pfn;
}

static bool is_part(const struct pcibuf_extent *extent)
{
	return extent->nr_pages != pcibuf_extent_whole(extent, extent->nr_pages);
}

/**
 * pcibuf_before_by_order() - the order of a buffer
 * @a: an extent
 * @b: another extent
 *
 * Large pages come first: each then lies at a multiple of its size. A page of which only
 * a part is used comes last.
 *
 * Return: whether @a has a higher order, or else is at a lower address.
 */
bool pcibuf_before_by_order(const struct pcibuf_extent *a,
			    const struct pcibuf_extent *b)
{
	if (is_part(a) != is_part(b))
		return is_part(b);
	return a->order != b->order ? a->order > b->order : a->pfn < b->pfn;
}

static void count_steps(struct sorter *sorter, unsigned int nr)
{
	sorter->steps += nr;
	if (sorter->steps < PAUSE_EVERY)
		return;
	sorter->steps = 0;
	sorter->pause();
}

/* Return the end of the run that begins at @from, and rises or @falls. */
static unsigned int run_end(struct sorter *sorter,
			    const struct pcibuf_extent *extents,
			    unsigned int from, unsigned int nr, bool falls)
{
	unsigned int i;

	for (i = from + 1; i < nr; i++) {
		count_steps(sorter, 1);
		if (sorter->before(&extents[i], &extents[i - 1]) != falls)
			return i;
	}
	return nr;
}

static void reverse(struct sorter *sorter, struct pcibuf_extent *extents,
		    unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr / 2; i++) {
		struct pcibuf_extent extent = extents[i];

		extents[i] = extents[nr - 1 - i];
		extents[nr - 1 - i] = extent;
		count_steps(sorter, 1);
	}
}

/* Sort @nr extents of which the first @done are sorted. */
static void insert(struct sorter *sorter, struct pcibuf_extent *extents,
		   unsigned int done, unsigned int nr)
{
	for (; done < nr; done++) {
		struct pcibuf_extent extent = extents[done];
		unsigned int at = done;

		for (; at && sorter->before(&extent, &extents[at - 1]); at--)
			extents[at] = extents[at - 1];
		extents[at] = extent;
		count_steps(sorter, done - at + 1);
	}
}

static void make_runs(struct sorter *sorter, struct pcibuf_extent *extents,
		      unsigned int nr)
{
	unsigned int from, end, wanted;

	for (from = 0; from < nr; from = end) {
		end = run_end(sorter, extents, from, nr, true);
		if (end - from > 1)
			reverse(sorter, &extents[from], end - from);
		else
			end = run_end(sorter, extents, from, nr, false);
		wanted = nr - from > MIN_RUN ? from + MIN_RUN : nr;
		if (end >= wanted)
			continue;
		insert(sorter, &extents[from], end - from, wanted - from);
		end = wanted;
	}
}

/* Merge two runs that lie side by side in @in. */
static void merge(struct sorter *sorter, const struct pcibuf_extent *in,
		  unsigned int nr_a, unsigned int nr, struct pcibuf_extent *out)
{
	unsigned int i = 0, j = nr_a;

	while (i < nr_a && j < nr) {
		bool right = sorter->before(&in[j], &in[i]);

		*out++ = right ? in[j++] : in[i++];
		count_steps(sorter, 1);
	}
	for (; i < nr_a; count_steps(sorter, 1))
		*out++ = in[i++];
	for (; j < nr; count_steps(sorter, 1))
		*out++ = in[j++];
}

/* Merge runs in pairs. */
static void merge_runs(struct sorter *sorter, const struct pcibuf_extent *in,
		       unsigned int nr, struct pcibuf_extent *out)
{
	unsigned int from, middle, end;

	for (from = 0; from < nr; from = end) {
		middle = run_end(sorter, in, from, nr, false);
		end = middle < nr ? run_end(sorter, in, middle, nr, false) : nr;
		merge(sorter, &in[from], middle - from, end - from, &out[from]);
	}
}

/**
 * pcibuf_extents_sorted() - is a list sorted?
 * @extents: the list
 * @nr: length of the list
 * @before: which of two extents comes first
 * @pause: called now and then
 *
 * Return: whether no extent comes before the one in front of it.
 */
bool pcibuf_extents_sorted(const struct pcibuf_extent *extents, unsigned int nr,
			   pcibuf_before_fn *before, void (*pause)(void))
{
	struct sorter sorter = { .before = before, .pause = pause };

	return !nr || run_end(&sorter, extents, 0, nr, false) == nr;
}

/**
 * pcibuf_extents_sort() - sort a list
 * @extents: the list
 * @spare: room for as many extents
 * @nr: length of the list
 * @before: which of two extents comes first
 * @pause: called every few thousand steps; may sleep
 *
 * Return: @extents or @spare, which has the sorted list; the other is undefined.
 */
struct pcibuf_extent *pcibuf_extents_sort(struct pcibuf_extent *extents,
					  struct pcibuf_extent *spare,
					  unsigned int nr,
					  pcibuf_before_fn *before,
					  void (*pause)(void))
{
	struct sorter sorter = { .before = before, .pause = pause };
	struct pcibuf_extent *in = extents, *out = spare;

	make_runs(&sorter, extents, nr);
	while (!pcibuf_extents_sorted(in, nr, before, pause)) {
		struct pcibuf_extent *sorted = out;

		merge_runs(&sorter, in, nr, out);
		out = in;
		in = sorted;
	}
	return in;
}
