// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs: the list of what page-backed memory consists of.
 *
 * It is collected in any order, then placed: each run gets its offset in the
 * buffer.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat.h"
#include "memory/pages/pages.h"

/* How long somebody may take to drop what is no longer mapped. */
#define HELD_WAIT_MS	1000

/**
 * pcibuf_runs_reserve() - make room for more
 * @pages: whose runs
 * @nr: how many are to be added
 *
 * Return: 0 or -ENOMEM.
 */
int pcibuf_runs_reserve(struct pcibuf_pages *pages, unsigned int nr)
{
	unsigned int max = max(pages->nr_runs + nr, pages->max_runs * 2);
	struct pcibuf_run *runs;

	if (pages->nr_runs + nr <= pages->max_runs)
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

/**
 * pcibuf_runs_add() - add a run behind the others
 * @pages: has room for one, see pcibuf_runs_reserve()
 * @run: added to the last one where it continues that
 */
void pcibuf_runs_add(struct pcibuf_pages *pages, const struct pcibuf_run *run)
{
	struct pcibuf_run *last = &pages->runs[pages->nr_runs - 1];

	if (!run->nr_pages)
		return;
	pages->nr_pages += run->nr_pages;
	if (pages->nr_runs && pcibuf_run_follows(last, run))
		last->nr_pages += run->nr_pages;
	else
		pages->runs[pages->nr_runs++] = *run;
}

/**
 * pcibuf_run_cut() - take pages off the front
 * @run: what is left, perhaps nothing
 * @nr: pages, whole units
 * @out: a run of those, of the same kind
 */
void pcibuf_run_cut(struct pcibuf_run *run, unsigned long nr,
		    struct pcibuf_run *out)
{
	*out = *run;
	out->nr_pages = nr;
	run->pfn += nr;
	run->nr_pages -= nr;
}

/* Large units first: each then lies at a multiple of its size. */
static int compare(const void *a, const void *b)
{
	const struct pcibuf_run *left = a, *right = b;

	if (left->order != right->order)
		return left->order > right->order ? -1 : 1;
	return left->pfn < right->pfn ? -1 : left->pfn > right->pfn;
}

/* In the order that they have now, those that have become neighbours as one. */
static void join(struct pcibuf_pages *pages)
{
	unsigned int i, nr = pages->nr_runs;

	pages->nr_runs = 0;
	pages->nr_pages = 0;
	for (i = 0; i < nr; i++)
		pcibuf_runs_add(pages, &pages->runs[i]);
}

/* The node with more than half of it, if one has; @weight: by how much, so far. */
static void vote(struct pcibuf_pages *pages, struct pcibuf_run *run,
		 unsigned long *weight)
{
	int node = page_to_nid(pfn_to_page(run->pfn));

	if (node == pages->node) {
		*weight += run->nr_pages;
	} else if (*weight >= run->nr_pages) {
		*weight -= run->nr_pages;
	} else {
		*weight = run->nr_pages - *weight;
		pages->node = node;
	}
}

/**
 * pcibuf_runs_place() - give each run its place in the buffer
 * @pages: complete
 * @contiguous: they follow each other as they are; else they are sorted, so that
 *	the card sees as few ranges as can be
 */
void pcibuf_runs_place(struct pcibuf_pages *pages, bool contiguous)
{
	unsigned long weight = 0;
	pgoff_t first = 0;
	unsigned int i;

	if (!contiguous) {
		sort(pages->runs, pages->nr_runs, sizeof(*pages->runs), compare,
		     NULL);
		join(pages);
	}
	for (i = 0; i < pages->nr_runs; i++) {
		struct pcibuf_run *run = &pages->runs[i];
		unsigned long at;

		vote(pages, run, &weight);
		run->first = first;
		for (at = 0; at < run->nr_pages; at += 1UL << run->order)
			pcibuf_page_set_index(pfn_to_page(run->pfn + at),
					      first + at);
		first += run->nr_pages;
	}
}

/*
 * For a debug build: unless somebody pinned the memory, every count is 1 when a
 * buffer lets go of it, and anything else is a leak. An exiting process drops
 * its references some time after it has taken its mapping down.
 */
static bool still_held(struct page *page)
{
	unsigned int waited;

	for (waited = 0; waited < HELD_WAIT_MS; waited += 20) {
		if (page_count(page) == 1)
			return false;
		msleep(20);
	}
	return true;
}

/* Is a page of it known to be broken? */
static bool is_broken(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		if (PageHWPoison(page + i))
			return true;
	return false;
}

/**
 * pcibuf_run_put() - drop the buffer's reference to each unit
 * @run: whoever still holds a page keeps that unit alive, nobody else
 *
 * One with a broken page keeps it: of a large block the memory manager would free that
 * page, too, and give it to the next who asks for a block.
 */
void pcibuf_run_put(const struct pcibuf_run *run)
{
	bool held = false;
	unsigned long at;

	for (at = 0; at < run->nr_pages; at += 1UL << run->order) {
		struct page *page = pfn_to_page(run->pfn + at);

		cond_resched();
		if (is_broken(page, run->order))
			continue;
		if (IS_ENABLED(CONFIG_PCIBUF_DEBUG) && !held)
			held = still_held(page);
		put_page(page);
	}
	if (held)
		pr_warn("pcibuf: DEBUG: units of order %u are still held at release\n",
			run->order);
}

/**
 * pcibuf_runs_put() - drop the references to all runs
 * @pages: empty then
 */
void pcibuf_runs_put(struct pcibuf_pages *pages)
{
	unsigned int i;

	for (i = 0; i < pages->nr_runs; i++)
		pcibuf_run_put(&pages->runs[i]);
	pages->nr_runs = 0;
	pages->nr_pages = 0;
}

/**
 * pcibuf_run_clear() - zero what came as it was
 * @source: the allocation that it is for
 * @run: used by nobody
 *
 * Return: 0, or what pcibuf_demand_go_on() said.
 */
int pcibuf_run_clear(struct pcibuf_source *source, const struct pcibuf_run *run)
{
	unsigned long at;
	int ret;

	for (at = 0; at < run->nr_pages; at++) {
		if (at % PCIBUF_CHECK_EVERY == 0) {
			ret = pcibuf_demand_go_on(source->pool);
			if (ret)
				return ret;
		}
		clear_highpage(pfn_to_page(run->pfn + at));
		cond_resched();
	}
	return 0;
}
