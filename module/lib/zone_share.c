// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserve: how much of a zone is left to the rest of the machine.
 */
#include <linux/kernel.h>

#include "lib/zone_share.h"

/* A zone keeps one part of so many of what can be had from it at all. */
#define SHARE	16

static u64 less(u64 a, u64 b)
{
	return a > b ? a - b : 0;
}

/* A part of what can be reclaimed stays, as the kernel counts it (si_mem_available()). */
static u64 reclaimable(u64 pages, u64 low)
{
	return pages - min(pages / 2, low);
}

/**
 * pcibuf_zone_available() - how much of a zone can be had without swapping
 * @zone: the zone
 *
 * Return: base pages.
 */
u64 pcibuf_zone_available(const struct pcibuf_zone_use *zone)
{
	return less(zone->free, zone->kept) +
	       reclaimable(zone->file, zone->low) +
	       reclaimable(zone->slab, zone->low);
}

/**
 * pcibuf_zone_share() - how much of a zone is left alone
 * @zone: the zone
 * @in_play: memory of the machine
 *
 * A process that holds much memory while little is left makes others meet the OOM
 * killer. What huge pages and other drivers hold is not counted, because nobody can
 * get it: a machine that gave most of its memory to hugetlbfs is a small machine.
 *
 * Return: base pages.
 */
u64 pcibuf_zone_share(const struct pcibuf_zone_use *zone,
		      const struct pcibuf_in_play *in_play)
{
	u64 used = min(in_play->used, in_play->total);

	if (!in_play->total)
		return 0;
	return zone->managed / SHARE * used / in_play->total;
}

/**
 * pcibuf_zone_emptiable() - how much of a zone an allocation may take that moves others
 * @zone: the zone
 * @in_play: memory of the machine
 *
 * What is moved out of the zone needs room in other zones: this is no more than the
 * share of this zone, which others may want because they reach no other.
 *
 * Return: base pages.
 */
u64 pcibuf_zone_emptiable(const struct pcibuf_zone_use *zone,
			  const struct pcibuf_in_play *in_play)
{
	return less(pcibuf_zone_available(zone) + zone->anon,
		    pcibuf_zone_share(zone, in_play));
}
