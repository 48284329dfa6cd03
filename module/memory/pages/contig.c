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
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"
#include "lib/spans.h"

/*
 * How many ranges are tried in one zone, how many of them a second time, and how many
 * are looked at once more for each try.
 */
#define MAX_TRIES	16
#define MAX_CHANCES	4
#define MAX_LOOKS	16

/* As many pages as are wanted may be moved this often, and so many in any case. */
#define MAX_MOVES	4
#define MIN_MOVES	(SZ_64M >> PAGE_SHIFT)

/* How many blocks are looked at before the scan looks up. */
#define CHECK_BLOCKS	64

/**
 * struct claim - the search for a range that can be claimed
 * @state: the allocation
 * @nr: pages wanted
 * @moves: how many more pages may be moved for it
 * @zone: what is searched now
 * @first: page frame of its first block
 * @costs: pages to be moved out of each block of 2 MiB
 * @nr_blocks: how many
 * @chances: how many more ranges get a second try
 * @refused: how many blocks were given up together last
 * @refused_end: the block behind them, 0 where none were
 */
struct claim {
	struct pcibuf_alloc_state *state;
	unsigned long nr;
	u64 moves;
	struct zone *zone;
	unsigned long first;
	u16 *costs;
	size_t nr_blocks;
	unsigned int chances;
	size_t refused;
	size_t refused_end;
};

static unsigned long block_pfn(struct claim *claim, size_t i)
{
	return claim->first + i * PCIBUF_HUGE_PAGES;
}

static size_t blocks_wanted(struct claim *claim)
{
	return DIV_ROUND_UP(claim->nr, PCIBUF_HUGE_PAGES);
}

/* The blocks from @from to before @end, as they are now. */
static int judge(struct claim *claim, size_t from, size_t end)
{
	size_t i;
	int ret;

	for (i = from; i < end; i++) {
		if ((i - from) % CHECK_BLOCKS == 0) {
			ret = pcibuf_contig_interrupted(claim->state);
			if (ret)
				return ret;
		}
		claim->costs[i] = pcibuf_migrate_cost(claim->zone,
						      block_pfn(claim, i));
	}
	return 0;
}

static size_t cheapest(struct claim *claim, size_t need, u64 *cost)
{
	return pcibuf_span_cheapest(claim->costs, claim->nr_blocks, need,
				    PCIBUF_CONTIG_ALIGN / PCIBUF_HUGE_PAGES,
				    cost);
}

/*
 * New pages of files and processes wait in small lists of each processor, and
 * cannot be moved while they do. To claim any page empties those lists: one of
 * the block that has the least in it.
 */
static void empty_lists(struct claim *claim)
{
	u64 cost;
	size_t at = cheapest(claim, 1, &cost);
	unsigned long pfn = block_pfn(claim, at);

	if (at < claim->nr_blocks && !pcibuf_contig_take(pfn, 1))
		__free_page(pfn_to_page(pfn));
}

/* Where no range is without pages on their way, they are waited for. */
static int judge_zone(struct claim *claim)
{
	u64 cost = 0;
	int ret;

	ret = judge(claim, 0, claim->nr_blocks);
	if (ret)
		return ret;
	empty_lists(claim);
	cheapest(claim, blocks_wanted(claim), &cost);
	return cost > claim->nr ? judge(claim, 0, claim->nr_blocks) : 0;
}

/* What would have to be moved now; U64_MAX, where something cannot be. */
static u64 cost_of(struct claim *claim, size_t from, size_t end)
{
	u64 sum = 0;

	for (; from < end; from++) {
		if (claim->costs[from] == PCIBUF_COST_NEVER)
			return U64_MAX;
		sum += claim->costs[from];
	}
	return sum;
}

static void never(struct claim *claim, size_t from, size_t end)
{
	end = min(end, claim->nr_blocks);
	while (from < end)
		claim->costs[from++] = PCIBUF_COST_NEVER;
}

/*
 * All that was before the page that would not go is gone, so the first that is
 * still there is it, and its block is given up.
 */
static void give_up_block(struct claim *claim, size_t from, size_t end)
{
	while (from < end - 1 && !claim->costs[from])
		from++;
	never(claim, from, from + 1);
}

/*
 * Refused as a whole, as the kernel does with all of CMA, which is many GiB on some
 * machines and looks like any other memory: so with each range that follows one that
 * was refused, twice as much is given up.
 */
static void give_up_row(struct claim *claim, size_t from, size_t end)
{
	size_t nr = end - from;

	if (claim->refused_end && from - claim->refused_end < nr)
		nr = 2 * claim->refused;
	never(claim, from, from + nr);
	claim->refused = nr;
	claim->refused_end = from + nr;
}

/*
 * A page may have been in the way that is no longer: so a few ranges get a second
 * try. And a look may be all that it takes, where the page shows now what it is.
 */
static int give_up(struct claim *claim, size_t at, u64 cost)
{
	size_t end = at + blocks_wanted(claim);
	u64 left;
	int ret;

	empty_lists(claim);
	ret = judge(claim, at, end);
	if (ret)
		return ret;
	left = cost_of(claim, at, end);
	if (left != cost)
		claim->moves -= cost;
	if (left == U64_MAX)
		return 0;
	if (cost && claim->chances)
		claim->chances--;
	else if (left == cost)
		give_up_row(claim, at, end);
	else
		give_up_block(claim, at, end);
	return 0;
}

/*
 * The best range, in @at. All was looked at once, and much may have been moved since:
 * so it is looked at again, because what is read or written by now would be waited for.
 */
static int next_range(struct claim *claim, size_t *at, u64 *cost)
{
	size_t need = blocks_wanted(claim);
	unsigned int looks;
	int ret;

	for (looks = 0; looks < MAX_LOOKS; looks++) {
		*at = cheapest(claim, need, cost);
		if (*at == claim->nr_blocks || *cost > claim->moves)
			break;
		ret = judge(claim, *at, *at + need);
		if (ret)
			return ret;
		*cost = cost_of(claim, *at, *at + need);
		if (*cost <= claim->moves)
			return 0;
	}
	return -ENOMEM;
}

static int try_ranges(struct claim *claim, unsigned long *pfn)
{
	unsigned int tries;
	size_t at;
	u64 cost;
	int ret;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		ret = next_range(claim, &at, &cost);
		if (ret)
			return ret;
		*pfn = block_pfn(claim, at);
		claim->state->ctx->tries++;
		ret = pcibuf_contig_take(*pfn, claim->nr);
		if (ret != -ENOMEM)
			return ret;
		ret = give_up(claim, at, cost);
		if (ret)
			return ret;
	}
	return -ENOMEM;
}

/* The part of a zone that the card reaches. */
static int search_zone(struct claim *claim, struct zone *zone,
		       unsigned long *pfn)
{
	unsigned long end = min(zone_end_pfn(zone),
				pcibuf_dma_end_pfn(claim->state->pool->dev));
	int ret;

	claim->zone = zone;
	claim->chances = MAX_CHANCES;
	claim->refused_end = 0;
	claim->first = ALIGN(zone->zone_start_pfn, PCIBUF_CONTIG_ALIGN);
	if (claim->first >= end || end - claim->first < claim->nr)
		return -ENOMEM;
	claim->nr_blocks = (end - claim->first) / PCIBUF_HUGE_PAGES;
	claim->costs = kvmalloc_array(claim->nr_blocks, sizeof(*claim->costs),
				      PCIBUF_GFP);
	if (!claim->costs)
		return -ENOMEM;
	ret = judge_zone(claim);
	if (!ret)
		ret = try_ranges(claim, pfn);
	kvfree(claim->costs);
	return ret;
}

/*
 * From the top, to spare the zones of those who reach no other. The small one at
 * the bottom of x86 only when nothing else is left.
 */
static int search_node(struct claim *claim, int nid, unsigned long *pfn)
{
	int i, ret = -ENOMEM;

	for (i = ZONE_NORMAL; i >= 0 && ret == -ENOMEM; i--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		if (!populated_zone(zone) ||
		    (zone_end_pfn(zone) <= SZ_16M >> PAGE_SHIFT &&
		     !claim->state->low))
			continue;
		ret = search_zone(claim, zone, pfn);
	}
	return ret;
}

/* The card's node first. */
static int search_nodes(struct claim *claim, unsigned long *pfn)
{
	int nid, own = dev_to_node(claim->state->pool->dev);
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

/* In turn: find a range, and make units of it. */
static int claim_extents(struct claim *claim, struct pcibuf_pages *list)
{
	struct pcibuf_extent range = { };
	int ret;

	ret = pcibuf_contig_lock(claim->state);
	if (ret)
		return ret;
	/* Others have taken theirs since this was asked. */
	ret = pcibuf_ctx_check(claim->state->pool, claim->state->ctx);
	if (!ret)
		ret = search_nodes(claim, &range.pfn);
	if (!ret) {
		range.nr_pages = claim->nr;
		ret = pcibuf_collapse(claim->state, &range, list);
	}
	pcibuf_contig_unlock();
	pcibuf_extent_put(&range);
	return ret;
}

/* Units are zero already. */
static int clear(struct pcibuf_alloc_state *state, struct pcibuf_pages *list)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < list->nr_extents; i++)
		if (!list->extents[i].order)
			ret = pcibuf_extent_clear(state, &list->extents[i]);
	return ret;
}

/**
 * pcibuf_contig_get() - a range made by moving what was in it, zeroed
 * @state: where to look, and what gets it
 * @nr: pages
 *
 * Return: 0; or -ENOMEM, -EDQUOT, -EINTR, -ENODEV, and nothing is left behind.
 */
int pcibuf_contig_get(struct pcibuf_alloc_state *state, unsigned long nr)
{
	struct claim claim = {
		.state = state,
		.nr = nr,
		.moves = max_t(u64, (u64)nr * MAX_MOVES, MIN_MOVES),
	};
	struct pcibuf_pages list = { };
	int ret;

	ret = pcibuf_extents_reserve(&list, nr / PCIBUF_HUGE_PAGES + 1);
	if (ret)
		return ret;
	ret = claim_extents(&claim, &list);
	if (!ret)
		ret = clear(state, &list);
	if (!ret)
		ret = pcibuf_state_add(state, list.extents, list.nr_extents);
	if (ret)
		pcibuf_extents_put(&list);
	kvfree(list.extents);
	return ret;
}
