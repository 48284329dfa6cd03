/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reserve: how much of a zone is left to the rest of the machine.
 *
 * Pure: no state, so that tests/unit compiles it on the host.
 */
#ifndef PCIBUF_ZONE_SHARE_H
#define PCIBUF_ZONE_SHARE_H

#include <linux/types.h>

/**
 * struct pcibuf_zone_use - one zone of one node, all in base pages
 * @managed: pages that the page allocator manages
 * @free: free pages that an unmovable allocation can get: not those of CMA
 * @file: page cache, which can be reclaimed
 * @anon: memory of processes, which can be moved to another zone
 * @slab: slabs that can be reclaimed, of the node if this is its largest zone
 * @low: low watermark
 * @kept: what the page allocator keeps back: the high watermark, and what it reserves for
 *	requests that no higher zone can serve
 */
struct pcibuf_zone_use {
	u64 managed;
	u64 free;
	u64 file;
	u64 anon;
	u64 slab;
	u64 low;
	u64 kept;
};

/**
 * struct pcibuf_in_play - memory of the machine, in base pages
 * @total: all that the page allocator manages
 * @used: pages that are free, on the lists of reclaim, in slabs, or in buffers. The
 *	others are held by huge pages of hugetlbfs and by other drivers, and nobody can
 *	get them back
 */
struct pcibuf_in_play {
	u64 total;
	u64 used;
};

u64 pcibuf_zone_available(const struct pcibuf_zone_use *zone);
u64 pcibuf_zone_share(const struct pcibuf_zone_use *zone,
		      const struct pcibuf_in_play *in_play);
u64 pcibuf_zone_emptiable(const struct pcibuf_zone_use *zone,
			  const struct pcibuf_in_play *in_play);

#endif /* PCIBUF_ZONE_SHARE_H */
