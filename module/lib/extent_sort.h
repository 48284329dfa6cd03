/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sorts lists of extents of any length, with pauses.
 *
 * Pure: no allocation, so that tests/unit compiles it on the host. The kernel's sort()
 * makes no pause, and takes 28 s for the 16 million extents of 64 GiB of single pages.
 */
#ifndef PCIBUF_EXTENT_SORT_H
#define PCIBUF_EXTENT_SORT_H

#include <linux/types.h>

#include "lib/extent_list.h"

/* Does @a come before @b? */
typedef bool pcibuf_before_fn(const struct pcibuf_extent *a,
			      const struct pcibuf_extent *b);

pcibuf_before_fn pcibuf_before_by_address;
pcibuf_before_fn pcibuf_before_by_order;

bool pcibuf_extents_sorted(const struct pcibuf_extent *extents, unsigned int nr,
			   pcibuf_before_fn *before, void (*pause)(void));
struct pcibuf_extent *pcibuf_extents_sort(struct pcibuf_extent *extents,
					  struct pcibuf_extent *spare,
					  unsigned int nr,
					  pcibuf_before_fn *before,
					  void (*pause)(void));

#endif /* PCIBUF_EXTENT_SORT_H */
