// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbours: a contiguous range of huge pages that are free already.
 *
 * The page allocator has no blocks larger than 4 MiB, but large free areas consist of
 * many blocks side by side. So huge pages are taken until enough of them lie side by
 * side, and the others go back.
 */
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat.h"
#include "lib/extent_list.h"
#include "lib/spans.h"
#include "memory/pages/pages.h"

/*
 * How to ask for a huge page that is charged. It is not zeroed, because it may go back.
 * (With init_on_alloc the kernel zeroes it nevertheless.)
 */
#define HUGE_GFP	(PCIBUF_GFP | __GFP_COMP)

/*
 * Bytes that may be taken beyond what is needed, besides an eighth of the need. To hold
 * more for a moment would cost others more than to move pages.
 */
#define SURPLUS		SZ_64M

/*
 * Mark of a huge page that is beyond what is needed, at its page frame number. It is
 * charged to nobody: a memory cgroup that has room for the buffer may have no more.
 */
#define UNCHARGED	1UL

/**
 * struct search - huge pages that were taken
 * @state: the allocation
 * @pfns: page frame number of each, perhaps with the mark %UNCHARGED
 * @nr: how many were taken
 * @need: how many are needed
 * @max: how many may be taken
 * @natural: how many are taken before any row will do
 */
struct search {
	struct pcibuf_alloc_state *state;
	unsigned long *pfns;
	size_t nr;
	size_t need;
	size_t max;
	size_t natural;
};

static struct page *page_of(unsigned long pfn)
{
	return pfn_to_page(pfn & ~UNCHARGED);
}

/* Pages beyond the need are marked. Where the kernel charges no page, all are alike. */
static unsigned long mark_of_next(const struct search *search)
{
	bool charged = HUGE_GFP & ~PCIBUF_GFP_NOT_MAPPED & __GFP_ACCOUNT;

	return charged && search->nr >= search->need ? UNCHARGED : 0;
}

/* Take one huge page more. */
static enum pcibuf_outcome take_one(struct search *search)
{
	struct pcibuf_alloc_ctx *ctx = search->state->ctx;
	unsigned long mark = mark_of_next(search);
	enum pcibuf_outcome outcome;
	struct page *page;

	outcome = pcibuf_ctx_check(ctx, 0);
	/* Another step holds less than this one. */
	if (outcome == PCIBUF_NO_RESERVE)
		return PCIBUF_NONE;
	if (outcome != PCIBUF_DONE)
		return outcome;
	page = pcibuf_state_page(search->state,
				 mark ? HUGE_GFP & ~__GFP_ACCOUNT : HUGE_GFP,
				 PCIBUF_HUGE_ORDER);
	if (!page)
		return mark ? PCIBUF_NONE :
			      pcibuf_state_none(search->state,
						PCIBUF_HUGE_ORDER);
	search->pfns[search->nr++] = page_to_pfn(page) | mark;
	ctx->held += PAGE_SIZE << PCIBUF_HUGE_ORDER;
	cond_resched();
	return PCIBUF_DONE;
}

static enum pcibuf_outcome collect(struct search *search, size_t target)
{
	enum pcibuf_outcome outcome = PCIBUF_DONE;

	while (outcome == PCIBUF_DONE && search->nr < target)
		outcome = take_one(search);
	return outcome;
}

static int compare(const void *a, const void *b)
{
	const unsigned long *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/*
 * Choose neighbours among those that were taken: aligned to their size, or anywhere when
 * no more are taken for that. Return the index of the first, @nr without any.
 */
static size_t choose(struct search *search, bool anywhere)
{
	size_t at;

	sort(search->pfns, search->nr, sizeof(*search->pfns), compare, NULL);
	at = pcibuf_span_natural_neighbours(search->pfns, search->nr,
					    PCIBUF_HUGE_PAGES, search->need,
					    search->state->shift);
	if (at == search->nr && anywhere)
		at = pcibuf_span_neighbours(search->pfns, search->nr,
					    PCIBUF_HUGE_PAGES, search->need);
	return at;
}

/* Find as many neighbours as are needed, the first of them at index *@at. */
static enum pcibuf_outcome find(struct search *search, size_t *at)
{
	enum pcibuf_outcome outcome;
	size_t target = search->need;
	bool last;

	for (;;) {
		outcome = collect(search, target);
		last = outcome != PCIBUF_DONE || search->nr >= search->natural;
		*at = choose(search, last);
		if (*at < search->nr)
			return PCIBUF_DONE;
		if (outcome != PCIBUF_DONE)
			return outcome;
		if (search->nr == search->max)
			return PCIBUF_NONE;
		target = search->nr < search->natural ? search->natural :
			 min(search->max, search->nr + search->need / 16 + 8);
	}
}

static void give_back_some(struct search *search, size_t from, size_t end)
{
	for (; from < end; from++)
		__free_pages(page_of(search->pfns[from]), PCIBUF_HUGE_ORDER);
}

/* Give back all but those from index @at to before @end. */
static void give_back(struct search *search, size_t at, size_t end)
{
	give_back_some(search, 0, at);
	give_back_some(search, end, search->nr);
	search->state->ctx->held = 0;
}

/* Exchange a huge page of which only a part is needed for so many base pages. */
static bool trim(unsigned long pfn, unsigned long nr_pages)
{
	struct page *page = page_of(pfn);

	__free_pages(page, PCIBUF_HUGE_ORDER);
	if (!pcibuf_block_retake(page, PCIBUF_GFP | __GFP_ZERO))
		return false;
	pcibuf_block_split(page, PCIBUF_HUGE_ORDER, nr_pages);
	return true;
}

/* Exchange a huge page that is charged to nobody for the same page, charged. */
static bool charge(unsigned long pfn)
{
	struct page *page = page_of(pfn);

	__free_pages(page, PCIBUF_HUGE_ORDER);
	return pcibuf_block_retake(page, HUGE_GFP);
}

/*
 * Take the neighbours at index @at. On failure the neighbours from index @at to before
 * the one that is gone still have to go back.
 */
static size_t keep(struct search *search, size_t at, unsigned long tail)
{
	size_t i, end = at + search->need;

	for (i = at; i < end; i++) {
		unsigned long pfn = search->pfns[i];

		if (tail && i == end - 1) {
			if (!trim(pfn, tail))
				break;
		} else if (pfn & UNCHARGED && !charge(pfn)) {
			break;
		}
	}
	return i;
}

static enum pcibuf_outcome take(struct search *search, unsigned long nr_pages,
				unsigned long *pfn)
{
	unsigned long tail = nr_pages % PCIBUF_HUGE_PAGES;
	enum pcibuf_outcome outcome;
	size_t at, gone;

	outcome = find(search, &at);
	if (outcome != PCIBUF_DONE) {
		give_back(search, 0, 0);
		return outcome;
	}
	*pfn = page_to_pfn(page_of(search->pfns[at]));
	/* Others go back first: the cgroup of the caller may need their room. */
	give_back(search, at, at + search->need);
	gone = keep(search, at, tail);
	if (gone == at + search->need)
		return PCIBUF_DONE;
	/* Somebody else has that page already. */
	give_back_some(search, at, gone);
	give_back_some(search, gone + 1, at + search->need);
	return PCIBUF_NONE;
}

static enum pcibuf_outcome locked_take(struct search *search,
				       unsigned long nr_pages,
				       unsigned long *pfn)
{
	enum pcibuf_outcome outcome = pcibuf_contig_lock(search->state->ctx);

	if (outcome != PCIBUF_DONE)
		return outcome;
	outcome = take(search, nr_pages, pfn);
	pcibuf_contig_unlock();
	return outcome;
}

static enum pcibuf_outcome add(struct pcibuf_alloc_state *state,
			       unsigned long pfn, unsigned long nr_pages)
{
	unsigned long tail = nr_pages % PCIBUF_HUGE_PAGES;
	struct pcibuf_extent extents[] = {
		{
			.pfn = pfn,
			.nr_pages = nr_pages - tail,
			.order = PCIBUF_HUGE_ORDER,
			.dirty = !want_init_on_alloc(PCIBUF_GFP),
		},
		{ .pfn = pfn + nr_pages - tail, .nr_pages = tail },
	};
	enum pcibuf_outcome outcome;

	outcome = pcibuf_state_add(state, extents, ARRAY_SIZE(extents));
	if (outcome != PCIBUF_DONE) {
		pcibuf_extent_put(&extents[0]);
		pcibuf_extent_put(&extents[1]);
	}
	return outcome;
}

/*
 * How many huge pages in a row contain a row that is aligned to its size. If that is more
 * than may be held, 0: then an alignment is luck.
 */
static size_t enough(const struct search *search)
{
	size_t nr = search->need + roundup_pow_of_two(search->need) - 1;

	return nr <= search->max ? nr : 0;
}

/**
 * pcibuf_neighbours_get() - get a range of neighbouring huge pages
 * @state: the allocation, which gets it
 * @nr_pages: base pages wanted
 *
 * Return: %PCIBUF_DONE; or %PCIBUF_NONE or what it ran into, and nothing is left
 * behind.
 */
enum pcibuf_outcome pcibuf_neighbours_get(struct pcibuf_alloc_state *state,
					  unsigned long nr_pages)
{
	struct search search = {
		.state = state,
		.need = DIV_ROUND_UP(nr_pages, PCIBUF_HUGE_PAGES),
	};
	enum pcibuf_outcome outcome;
	unsigned long pfn;

	/* Neighbours lie anywhere. A contiguous allocation chooses the address. */
	if (nr_pages <= PCIBUF_HUGE_PAGES || state->align > PCIBUF_HUGE_PAGES)
		return PCIBUF_NONE;
	search.max = search.need + search.need / 8 +
		     (SURPLUS >> PAGE_SHIFT) / PCIBUF_HUGE_PAGES;
	search.natural = enough(&search);
	search.pfns = kvmalloc_array(search.max, sizeof(*search.pfns),
				     PCIBUF_GFP);
	if (!search.pfns)
		return PCIBUF_NONE;
	outcome = locked_take(&search, nr_pages, &pfn);
	kvfree(search.pfns);
	return outcome == PCIBUF_DONE ? add(state, pfn, nr_pages) : outcome;
}
