// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserve: a part of the zones of each node is left to the rest of the machine.
 *
 * Only the zones count that memory of a buffer can come from: never ZONE_MOVABLE, and
 * never CMA, since pages of a buffer cannot be moved. lib/zone_share.c has the arithmetic.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/vmstat.h>

#include "compat.h"
#include "lib/zone_share.h"
#include "memory/memory.h"

static u64 node_slab(struct zone *zone)
{
	return atomic_long_read(&zone->zone_pgdat->vm_stat[NR_SLAB_RECLAIMABLE_B]);
}

/* The slabs of a node are counted with its largest zone. */
static bool is_largest(struct zone *zone)
{
	int i;

	for (i = 0; i <= ZONE_NORMAL; i++)
		if (zone_managed_pages(&zone->zone_pgdat->node_zones[i]) >
		    zone_managed_pages(zone))
			return false;
	return true;
}

/* Page cache, or memory of processes, that lies in CMA: the rest is what counts. */
static u64 outside_cma(u64 pages, u64 *in_cma)
{
	u64 part = min(pages, *in_cma);

	*in_cma -= part;
	return pages - part;
}

/*
 * @top: highest zone that the request can use. What a zone reserves is kept from requests
 * that can also use a higher zone.
 */
static struct pcibuf_zone_use zone_use(struct zone *zone, enum zone_type top)
{
	u64 free_cma = zone_page_state(zone, NR_FREE_CMA_PAGES);
	u64 free = zone_page_state(zone, NR_FREE_PAGES);
	u64 cma = pcibuf_zone_cma_pages(zone);
	struct pcibuf_zone_use use = {
		.managed = zone_managed_pages(zone),
		.free = free - min(free, free_cma),
		.slab = is_largest(zone) ? node_slab(zone) : 0,
		.low = low_wmark_pages(zone),
		.kept = high_wmark_pages(zone) + zone->lowmem_reserve[top],
	};

	cma -= min(cma, free_cma);
	use.file = outside_cma(zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
			       zone_page_state(zone, NR_ZONE_ACTIVE_FILE), &cma);
	use.anon = outside_cma(zone_page_state(zone, NR_ZONE_INACTIVE_ANON) +
			       zone_page_state(zone, NR_ZONE_ACTIVE_ANON), &cma);
	return use;
}

static struct pcibuf_in_play in_play(void)
{
	u64 used = pcibuf_quota_total() >> PAGE_SHIFT;
	int i;

	used += global_zone_page_state(NR_FREE_PAGES);
	for (i = NR_ZONE_LRU_BASE; i <= NR_ZONE_UNEVICTABLE; i++)
		used += global_zone_page_state(i);
	used += global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B);
	used += global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B);
	return (struct pcibuf_in_play){
		.total = totalram_pages(),
		.used = used,
	};
}

/**
 * pcibuf_reserve_spare_of() - how much may be taken from a node
 * @nid: node
 * @top: highest zone that the request can use
 *
 * The zones keep their shares together: what one lacks, another has to leave. The tiny
 * zone counts only where it is asked alone.
 *
 * Return: base pages of the node's zones up to @top.
 */
u64 pcibuf_reserve_spare_of(int nid, enum zone_type top)
{
	struct pcibuf_in_play all = in_play();
	u64 available = 0, share = 0;
	int i;

	for (i = 0; i <= top; i++) {
		struct zone *zone = &NODE_DATA(nid)->node_zones[i];
		struct pcibuf_zone_use use;

		if (!populated_zone(zone) ||
		    (pcibuf_zone_is_tiny(zone) && top))
			continue;
		use = zone_use(zone, top);
		available += pcibuf_zone_available(&use);
		share += pcibuf_zone_share(&use, &all);
	}
	return available - min(available, share);
}

/**
 * pcibuf_reserve_spare() - how much may be taken from all nodes
 *
 * Return: base pages of all zones that buffers can come from, but for the tiny zone.
 */
u64 pcibuf_reserve_spare(void)
{
	u64 sum = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		sum += pcibuf_reserve_spare_of(nid, ZONE_NORMAL);
	return sum;
}

/**
 * pcibuf_reserve_movable_room() - room that only movable pages can use
 *
 * Return: free base pages of ZONE_MOVABLE and of CMA on all nodes.
 */
u64 pcibuf_reserve_movable_room(void)
{
	u64 sum = global_zone_page_state(NR_FREE_CMA_PAGES);
	int nid;

	for_each_node_state(nid, N_MEMORY)
		sum += zone_page_state(&NODE_DATA(nid)->node_zones[ZONE_MOVABLE],
				       NR_FREE_PAGES);
	return sum;
}

/**
 * pcibuf_reserve_allows_moving() - may pages of a zone be taken by moving others out?
 * @zone: zone that is searched
 * @top: highest zone that the request can use
 * @nr_pages: base pages to take
 *
 * Return: true where the zone keeps its share.
 */
bool pcibuf_reserve_allows_moving(struct zone *zone, enum zone_type top,
				  unsigned long nr_pages)
{
	struct pcibuf_zone_use use = zone_use(zone, top);
	struct pcibuf_in_play all = in_play();

	return pcibuf_zone_emptiable(&use, &all) >= nr_pages;
}
