// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous allocation: make a range by moving what others have in it elsewhere.
 *
 * The kernel can move most of what fills a machine's memory (page cache, memory of
 * processes), and alloc_contig_range() does so for a range that it is given. This file
 * says which zones are searched, in which order; contig_zone.c searches one.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sizes.h>

#include "compat.h"
#include "memory/dma.h"
#include "memory/pages/pages.h"

/* As many pages as are wanted may be moved this often, and so many bytes in any case. */
#define MAX_MOVES	4
#define MIN_MOVES	SZ_64M

/*
 * The tiny zone is searched only when nothing else is left, and each zone keeps its
 * share.
 */
static bool is_spared(struct pcibuf_contig *contig, struct zone *zone)
{
	struct pcibuf_alloc_state *state = contig->state;

	if (pcibuf_zone_is_tiny(zone) && !state->low)
		return true;
	if (pcibuf_reserve_allows_moving(zone, max(state->top, 0),
					 contig->nr_pages))
		return false;
	pcibuf_ctx_spare(state->ctx, zone_to_nid(zone), zone->name);
	return true;
}

/* From the top, to spare the zones of cards that reach no other. */
static enum pcibuf_outcome search_node(struct pcibuf_contig *contig, int nid)
{
	enum pcibuf_outcome outcome = PCIBUF_NONE;
	int i;

	for (i = ZONE_NORMAL; i >= 0 && outcome == PCIBUF_NONE; i--) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		if (populated_zone(zone) && !is_spared(contig, zone))
			outcome = pcibuf_contig_in_zone(contig, zone);
	}
	return outcome;
}

/* The card's node first. */
static enum pcibuf_outcome search_nodes(struct pcibuf_contig *contig)
{
	int nid, own = dev_to_node(contig->state->ctx->pool->dev);
	enum pcibuf_outcome outcome = PCIBUF_NONE;

	if (own != NUMA_NO_NODE && node_state(own, N_MEMORY))
		outcome = search_node(contig, own);
	for_each_node_state(nid, N_MEMORY) {
		if (outcome != PCIBUF_NONE)
			break;
		if (nid != own)
			outcome = search_node(contig, nid);
	}
	return outcome;
}

static enum pcibuf_outcome locked_search(struct pcibuf_contig *contig)
{
	struct pcibuf_alloc_ctx *ctx = contig->state->ctx;
	enum pcibuf_outcome outcome = pcibuf_contig_lock(ctx);

	if (outcome != PCIBUF_DONE)
		return outcome;
	/* What is moved needs room elsewhere, and ZONE_MOVABLE has some. */
	outcome = pcibuf_ctx_check(ctx, pcibuf_reserve_movable_room());
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_cpu_ping(ctx);
	if (outcome == PCIBUF_DONE)
		outcome = search_nodes(contig);
	pcibuf_contig_unlock();
	return outcome;
}

/*
 * What the page frame number of the first page is a multiple of. A range with huge pages
 * begins with one.
 */
static unsigned long alignment(unsigned long nr_pages)
{
	unsigned long least = nr_pages < PCIBUF_HUGE_PAGES ?
				      PCIBUF_BLOCK_PAGES : PCIBUF_HUGE_PAGES;

	return max_t(unsigned long, least, PCIBUF_CONTIG_ALIGN);
}

/**
 * pcibuf_contig_get() - get a range by moving what others have in it
 * @state: the allocation, which gets it
 * @nr_pages: base pages wanted
 *
 * Return: %PCIBUF_DONE; or %PCIBUF_NONE or what it ran into, and nothing is left
 * behind.
 */
enum pcibuf_outcome pcibuf_contig_get(struct pcibuf_alloc_state *state,
				      unsigned long nr_pages)
{
	struct pcibuf_contig contig = {
		.state = state,
		.nr_pages = nr_pages,
		.align = alignment(nr_pages),
		.moves = max_t(u64, (u64)nr_pages * MAX_MOVES,
			       MIN_MOVES >> PAGE_SHIFT),
	};
	struct pcibuf_pages *list = &contig.list;
	enum pcibuf_outcome outcome;

	if (!pcibuf_extents_reserve(list, nr_pages / PCIBUF_HUGE_PAGES + 1))
		return PCIBUF_NONE;
	outcome = locked_search(&contig);
	if (outcome == PCIBUF_DONE)
		outcome = pcibuf_state_add(state, list->extents,
					   list->nr_extents);
	if (outcome != PCIBUF_DONE)
		pcibuf_extents_put(list);
	kvfree(list->extents);
	return outcome;
}
