// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claim: make a contiguous range by moving what others have in it elsewhere.
 *
 * Most of what fills a machine's memory (page cache, memory of processes) can be
 * moved by the kernel, and alloc_contig_range() does so for a range that it is
 * given. Which range, is decided here: of those that the card reaches, that hold
 * nothing that is plainly unmovable, the one with the least to move. The look
 * before matters for others, too: even a claim that fails turns the page blocks
 * of its range into movable ones (through 6.12), and has moved some of it.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "dma.h"
#include "pages.h"
#include "spans.h"

/*
 * Cost of a page that is on its way to where it can be moved from, so that
 * ranges without any are preferred: with one, a claim fails at once.
 */
#define COST_ON_ITS_WAY	64

/* How many ranges are tried for one request. */
#define MAX_TRIES	32

/* How many blocks are looked at before the scan looks up. */
#define CHECK_BLOCKS	64

/* How long to sleep while somebody else searches. */
#define SEARCH_POLL	(HZ / 50)

/* One search for a large range at a time on the machine. Protects offlining. */
static DEFINE_MUTEX(search_lock);
/* Memory is about to be taken out, with its struct pages. */
static bool offlining;

/**
 * struct claim - the search for a range that can be claimed
 * @source: the allocation
 * @nr: pages wanted
 * @tries: how many more ranges may be tried
 * @zone: what is searched now
 * @first: page frame of its first block
 * @costs: pages to be moved out of each block of 2 MiB
 * @nr_blocks: how many
 * @failed: index of the range that failed last
 */
struct claim {
	struct pcibuf_source *source;
	unsigned long nr;
	unsigned int tries;
	struct zone *zone;
	unsigned long first;
	u16 *costs;
	size_t nr_blocks;
	size_t failed;
};

/**
 * pcibuf_search_begin() - wait for the turn to search
 * @source: the allocation
 *
 * By polling: besides a signal the end of the card has to end the wait.
 *
 * Return: 0, -EINTR or -ENODEV.
 */
int pcibuf_search_begin(struct pcibuf_source *source)
{
	while (!mutex_trylock(&search_lock)) {
		int ret = pcibuf_demand_go_on(source->pool);

		if (ret)
			return ret;
		schedule_timeout_killable(SEARCH_POLL);
	}
	return 0;
}

/**
 * pcibuf_search_end() - let others search
 */
void pcibuf_search_end(void)
{
	mutex_unlock(&search_lock);
}

/**
 * pcibuf_claim_at() - take these very pages
 * @pfn: the first
 * @nr: how many
 *
 * Called by whoever searches.
 *
 * Return: 0, and each is a single page that belongs to the caller, not zeroed and
 * charged to nobody; -EBUSY, -ENOMEM or -EINTR.
 */
int pcibuf_claim_at(unsigned long pfn, unsigned long nr)
{
	lockdep_assert_held(&search_lock);
	if (offlining)
		return -EBUSY;
	return alloc_contig_range(pfn, pfn + nr, PCIBUF_CLAIM_AS,
				  GFP_KERNEL | __GFP_NOWARN);
}

/*
 * A guess, because nothing keeps the page from changing meanwhile: a wrong one
 * costs a try. @step: so many pages are judged by this look.
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
	/* Before the count: slabs of newer kernels have none. */
	if (page_has_type(head) || PageSlab(head) || PageHuge(head))
		return PCIBUF_COST_NEVER;
	if (!page_count(head))
		return 0;
	if (pcibuf_page_pinned(head))
		return PCIBUF_COST_NEVER;
	if (PageLRU(head))
		return 1;
	return head->mapping ? COST_ON_ITS_WAY : PCIBUF_COST_NEVER;
}

static u16 block_cost(struct zone *zone, unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned long at, step;
	u16 sum = 0;

	if (!page)
		return PCIBUF_COST_NEVER;
	for (at = 0; at < PCIBUF_HUGE_PAGES; at += step) {
		u16 cost = page_cost(zone, page + at, &step);

		if (cost == PCIBUF_COST_NEVER)
			return cost;
		sum += cost;
	}
	return sum;
}

/*
 * New pages of files and processes wait in small lists of each processor, and
 * cannot be moved while they do. To claim any page empties those lists.
 */
static void empty_lists(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_MOVABLE |
				       __GFP_NORETRY | __GFP_NOWARN);

	if (!page)
		return;
	__free_page(page);
	if (!pcibuf_claim_at(page_to_pfn(page), 1))
		__free_page(page);
}

static int scan(struct claim *claim)
{
	size_t i;
	int ret;

	empty_lists();
	for (i = 0; i < claim->nr_blocks; i++) {
		if (i % CHECK_BLOCKS == 0) {
			ret = pcibuf_demand_go_on(claim->source->pool);
			if (ret)
				return ret;
			cond_resched();
		}
		claim->costs[i] = block_cost(claim->zone, claim->first +
					     i * PCIBUF_HUGE_PAGES);
	}
	return 0;
}

/* What is in the way now; index of the first block that has any, or of the last. */
static size_t look_again(struct claim *claim, size_t at)
{
	size_t i, end = at + DIV_ROUND_UP(claim->nr, PCIBUF_HUGE_PAGES);
	size_t first = end;

	empty_lists();
	for (i = at; i < end; i++) {
		claim->costs[i] = block_cost(claim->zone, claim->first +
					     i * PCIBUF_HUGE_PAGES);
		if (claim->costs[i] && first == end)
			first = i;
	}
	return min(first, end - 1);
}

/*
 * A page may have been in the way that is no longer: so each range gets a second
 * try. Then all is gone up to the page that would not go, the first that is still
 * there, and its block is given up: so each two tries end the hope for one.
 */
static void give_up(struct claim *claim, size_t at)
{
	size_t stuck = look_again(claim, at);

	if (at == claim->failed)
		claim->costs[stuck] = PCIBUF_COST_NEVER;
	claim->failed = at;
}

/* Best range first. */
static int try_ranges(struct claim *claim, unsigned long *pfn)
{
	size_t need = DIV_ROUND_UP(claim->nr, PCIBUF_HUGE_PAGES);
	int ret;

	while (claim->tries) {
		size_t at = pcibuf_span_cheapest(claim->costs, claim->nr_blocks,
						 need, PCIBUF_CLAIM_ALIGN /
						 PCIBUF_HUGE_PAGES);

		if (at == claim->nr_blocks)
			break;
		*pfn = claim->first + at * PCIBUF_HUGE_PAGES;
		claim->tries--;
		claim->source->demand->tries++;
		ret = pcibuf_claim_at(*pfn, claim->nr);
		if (!ret || ret == -EINTR)
			return ret;
		ret = pcibuf_demand_go_on(claim->source->pool);
		if (ret)
			return ret;
		give_up(claim, at);
	}
	return -ENOMEM;
}

/* The part of a zone that the card reaches. */
static int search_zone(struct claim *claim, struct zone *zone,
		       unsigned long *pfn)
{
	unsigned long end = min(zone_end_pfn(zone),
				pcibuf_dma_end_pfn(claim->source->pool->dev));
	int ret;

	claim->zone = zone;
	claim->first = ALIGN(zone->zone_start_pfn, PCIBUF_CLAIM_ALIGN);
	if (claim->first >= end || end - claim->first < claim->nr)
		return -ENOMEM;
	claim->nr_blocks = (end - claim->first) / PCIBUF_HUGE_PAGES;
	claim->failed = claim->nr_blocks;
	claim->costs = kvmalloc_array(claim->nr_blocks, sizeof(*claim->costs),
				      PCIBUF_GFP);
	if (!claim->costs)
		return -ENOMEM;
	ret = scan(claim);
	if (!ret)
		ret = try_ranges(claim, pfn);
	kvfree(claim->costs);
	return ret;
}

/* From the top, to spare the zones of those who reach no other. */
static int search_node(struct claim *claim, int nid, unsigned long *pfn)
{
	int i, ret = -ENOMEM;

	for (i = ZONE_NORMAL; i >= 0 && ret == -ENOMEM; i--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		if (populated_zone(zone))
			ret = search_zone(claim, zone, pfn);
	}
	return ret;
}

/* The card's node first. */
static int search_nodes(struct claim *claim, unsigned long *pfn)
{
	int nid, own = dev_to_node(claim->source->pool->dev);
	int ret = -ENOMEM;

	if (own != NUMA_NO_NODE && node_state(own, N_MEMORY))
		ret = search_node(claim, own, pfn);
	for_each_node_state(nid, N_MEMORY) {
		if (ret != -ENOMEM)
			break;
		if (nid != own)
			ret = search_node(claim, nid, pfn);
	}
	return ret;
}

static int locked_claim(struct claim *claim, struct pcibuf_run *run,
			struct pcibuf_pages *into)
{
	int ret;

	ret = pcibuf_search_begin(claim->source);
	if (ret)
		return ret;
	ret = search_nodes(claim, &run->pfn);
	if (!ret)
		ret = pcibuf_unite(run, into);
	else
		run->nr_pages = 0;
	pcibuf_search_end();
	return ret;
}

/* What was claimed, with its list; or nothing, and an empty list. */
static int claim_runs(struct claim *claim, struct pcibuf_pages *list)
{
	struct pcibuf_run run = { .nr_pages = claim->nr };
	int ret;

	ret = pcibuf_runs_reserve(list, claim->nr / PCIBUF_HUGE_PAGES + 1);
	if (ret)
		return ret;
	ret = locked_claim(claim, &run, list);
	if (ret) {
		pcibuf_run_put(&run);
		pcibuf_runs_put(list);
	}
	return ret;
}

/**
 * pcibuf_claim_get() - a range made by moving what was in it, zeroed
 * @source: where to look, and what gets it
 * @nr: pages
 *
 * Return: 0; -ENOMEM, and nothing is left behind; or -EDQUOT, -EINTR, -ENODEV.
 */
int pcibuf_claim_get(struct pcibuf_source *source, unsigned long nr)
{
	struct claim claim = {
		.source = source,
		.nr = nr,
		.tries = MAX_TRIES,
	};
	struct pcibuf_run range = { .nr_pages = nr };
	struct pcibuf_pages list = { };
	int ret;

	ret = claim_runs(&claim, &list);
	if (ret)
		goto out;
	range.pfn = list.runs[0].pfn;
	ret = pcibuf_source_add(source, list.runs, list.nr_runs);
	if (ret)
		pcibuf_runs_put(&list);
	else
		ret = pcibuf_run_clear(source, &range);
out:
	kvfree(list.runs);
	return ret;
}

/* Whoever searches looks at struct pages, which go with their memory. */
static int offline_notify(struct notifier_block *block, unsigned long action,
			  void *arg)
{
	mutex_lock(&search_lock);
	if (action == MEM_GOING_OFFLINE)
		offlining = true;
	else if (action == MEM_OFFLINE || action == MEM_CANCEL_OFFLINE)
		offlining = false;
	mutex_unlock(&search_lock);
	return NOTIFY_OK;
}

static struct notifier_block offline_block = {
	.notifier_call = offline_notify,
};

/**
 * pcibuf_claim_init() - set up
 *
 * Return: 0 or an error.
 */
int pcibuf_claim_init(void)
{
	return register_memory_notifier(&offline_block);
}

/**
 * pcibuf_claim_exit() - undo pcibuf_claim_init()
 */
void pcibuf_claim_exit(void)
{
	unregister_memory_notifier(&offline_block);
}
