// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserve: a part of each zone of each node is left to the rest of the machine.
 *
 * Only the zones count that memory of a buffer can come from: never ZONE_MOVABLE, and
 * never CMA, since pages of a buffer cannot be moved. lib/zone_share.c has the arithmetic.
 */
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/vmstat.h>

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

/* As the kernel counts it (calculate_totalreserve_pages()). */
static u64 lowmem_reserve(struct zone *zone)
{
	long most = 0;
	int i;

	for (i = zone_idx(zone); i < MAX_NR_ZONES; i++)
		most = max(most, zone->lowmem_reserve[i]);
	return most;
}

static struct pcibuf_zone_use zone_use(struct zone *zone)
{
	u64 free = zone_page_state(zone, NR_FREE_PAGES);
	u64 cma = zone_page_state(zone, NR_FREE_CMA_PAGES);

	return (struct pcibuf_zone_use){
		.managed = zone_managed_pages(zone),
		.free = free - min(free, cma),
		.file = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
			zone_page_state(zone, NR_ZONE_ACTIVE_FILE),
		.anon = zone_page_state(zone, NR_ZONE_INACTIVE_ANON) +
			zone_page_state(zone, NR_ZONE_ACTIVE_ANON),
		.slab = is_largest(zone) ? node_slab(zone) : 0,
		.low = low_wmark_pages(zone),
		.kept = high_wmark_pages(zone) + lowmem_reserve(zone),
	};
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

static u64 spare(struct zone *zone)
{
	struct pcibuf_zone_use use = zone_use(zone);
	struct pcibuf_in_play all = in_play();

	return pcibuf_zone_spare(&use, &all);
}

/**
 * pcibuf_reserve_allows() - may pages of a zone be taken?
 * @zone: zone that can be asked
 * @nr_pages: base pages to take
 */
bool pcibuf_reserve_allows(struct zone *zone, unsigned long nr_pages)
{
	return spare(zone) >= nr_pages;
}

/**
 * pcibuf_reserve_allows_moving() - may pages of a zone be taken by moving others out?
 * @zone: zone that is searched
 * @nr_pages: base pages to take
 */
bool pcibuf_reserve_allows_moving(struct zone *zone, unsigned long nr_pages)
{
	struct pcibuf_zone_use use = zone_use(zone);
	struct pcibuf_in_play all = in_play();

	return pcibuf_zone_emptiable(&use, &all) >= nr_pages;
}

/**
 * pcibuf_reserve_spare() - how much may be taken at all
 *
 * Return: base pages of all zones of all nodes that can be asked.
 */
u64 pcibuf_reserve_spare(void)
{
	u64 sum = 0;
	int nid, i;

	for_each_node_state(nid, N_MEMORY) {
		for (i = 0; i <= ZONE_NORMAL; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			if (populated_zone(zone) &&
			    !pcibuf_zone_is_tiny(zone))
				sum += spare(zone);
		}
	}
	return sum;
}
