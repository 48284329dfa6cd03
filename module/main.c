// SPDX-License-Identifier: GPL-2.0-only
/*
 * pcibuf: DMA memory of PCI cards for user space.
 *
 * Where a line belongs:
 *
 *	card/		a card, as people see it
 *	  pci.c			the PCI driver: probe, remove, errors, ids
 *	  bus_master.c		bus mastering: live, in a reset, at the end
 *	  card.c		a card: its life
 *	  card_sysfs.c		what people write to a card and read from it
 *	  request.c		making and freeing its buffers
 *	  reason.c		why it failed, in words
 *	buffer/		a buffer
 *	  buffer.c		its device, node, life
 *	  buffer_sysfs.c	what people read from it
 *	  file.c		calls on /dev/pcibufN
 *	  map.c			mappings of it, and faults
 *	  revoke.c		who uses its memory, and how that is taken away
 *	  fs.c			the inode behind its files
 *	memory/		what a buffer is made of
 *	  alloc.c		choice of backing
 *	  pool.c		a card's memory: parking, the end of memory
 *	  alloc_ctx.c		an allocation: its charge, whether it shall go on
 *	  quota.c		how much of it
 *	  coherent.c		the backing of dma_alloc_coherent()
 *	  dma.c			what the platform does with DMA
 *	memory/pages/	the backing of ordinary pages
 *	  backing.c		its operations
 *	  alloc_state.c		where the page allocator is asked
 *	  block.c		blocks of it, joined and split
 *	  extents.c		the list of what was found
 *	  scattered.c		pages of any address
 *	  range.c		contiguous pages: the steps to them
 *	  neighbours.c		of those that are free
 *	  contig.c		of those that others are moved out of
 *	  migrate_cost.c		what that costs
 *	  contig_lock.c		one at a time
 *	  collapse.c		those made units of 2 MiB
 *	  quarantine.c		pages that were freed while the card is running
 *	  dma_map.c		how the card gets to them
 *	lib/		pure: also compiled and tested on the host
 *	  parse.c		the text that people write
 *	  segments.c		ranges of bus addresses
 *	  spans.c		where contiguous ranges lie
 *	sync_point.c		where tests make others wait		(debug build)
 *	compat.h	older kernels
 *
 * Locks, outermost first: card->alloc_lock, card->lock, buffer->lock, pool->lock,
 * quota_lock; and mmap_lock, buffer->lock, coherent->lock. minors_lock is inside
 * card->lock, contig_lock.c's turn inside card->alloc_lock. Each is described at what it
 * protects.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "buffer/buffer.h"
#include "card/card.h"
#include "sync_point.h"
#include "memory/memory.h"
#include "memory/quota.h"

static char *ids = "";
module_param(ids, charp, 0444);
MODULE_PARM_DESC(ids, "cards to bind: VVVV:DDDD[:SVVV[:SDDD]],... in hex");

module_param_cb(max_total, &pcibuf_max_total_ops, NULL, 0644);
MODULE_PARM_DESC(max_total, "quota of all cards together: a size in bytes, or with K, M, G or T (default: a quarter of RAM)");

module_param_named(coherent, pcibuf_force_coherent, bool, 0444);
MODULE_PARM_DESC(coherent, "allocate every buffer with dma_alloc_coherent(), even if pages would do (for tests)");

static int __init pcibuf_init(void)
{
	int ret;

	ret = pcibuf_contig_init();
	if (ret)
		return ret;
	ret = pcibuf_fs_init();
	if (ret)
		goto err_search_exit;
	ret = pcibuf_buffer_class_init();
	if (ret)
		goto err_fs_exit;
	ret = pcibuf_card_class_init();
	if (ret)
		goto err_buffer_exit;
	pcibuf_sync_points_init();
	ret = pcibuf_pci_init(ids);
	if (ret)
		goto err_sync_points_exit;
	return 0;

err_sync_points_exit:
	pcibuf_sync_points_exit();
	pcibuf_card_class_exit();
err_buffer_exit:
	pcibuf_buffer_class_exit();
err_fs_exit:
	pcibuf_fs_exit();
err_search_exit:
	pcibuf_contig_exit();
	return ret;
}

static void __exit pcibuf_exit(void)
{
	pcibuf_pci_exit();
	pcibuf_sync_points_exit();
	pcibuf_card_class_exit();
	pcibuf_buffer_class_exit();
	pcibuf_fs_exit();
	pcibuf_contig_exit();
}

module_init(pcibuf_init);
module_exit(pcibuf_exit);

MODULE_DESCRIPTION("DMA memory of PCI cards for user space");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
