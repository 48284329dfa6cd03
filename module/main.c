// SPDX-License-Identifier: GPL-2.0-only
/*
 * pcibuf: DMA memory of PCI cards for user space.
 *
 * The files, from the top down. A file calls only files of its own folder and of
 * folders below. In this rule memory/ and memory/pages/ are one folder.
 *
 *	main.c			module parameters, init and exit
 *	card/			a card: a PCI device that is bound to this driver
 *	  pci.c			the PCI driver: probe, remove, reset, errors, ids
 *	  command.c		bits of the command register
 *	  bus_master.c		decides whether a card may be a bus master
 *	  card.c		adds and removes cards
 *	  card_sysfs.c		attributes of a card
 *	  request.c		allocates and frees buffers
 *	  request_sysfs.c	attributes of a card that take requests
 *	  names.c		names of the buffers of a card, and how many it may have
 *	  reason.c		text of last_error: why a request failed
 *	  irq.c			counts interrupts, and lets the card raise the next
 *	  irq_file.c		calls on the node of an interrupt
 *	  irq_nodes.c		vectors, devices and attributes of interrupts
 *	  irq_sysfs.c		attributes of a card that are about interrupts
 *	  recover.c		configuration of a card that was loaded anew
 *	buffer/			a buffer: device, node, mappings
 *	  buffer.c		device, node and link
 *	  buffer_sysfs.c	attributes of a buffer
 *	  file.c		calls on /dev/pcibufN
 *	  map.c			mappings and faults
 *	  revoke.c		mark dead, detach memory, enter, exit
 *	  fs.c			inode through which mappings are found
 *	memory/			memory of a buffer
 *	  alloc.c		chooses the backing
 *	  pool.c		memory of a card: quarantine and release
 *	  alloc_ctx.c		one allocation: its charge, whether it goes on
 *	  quota.c		limits of a card and of all cards
 *	  reserve.c		shares of zones and nodes that are left to others
 *	  coherent.c		the backing "coherent": dma_alloc_coherent()
 *	  coherent_block.c	its memory: blocks and slices of them
 *	  dma.c			what the platform does between a card and memory
 *	memory/pages/		the backing "pages": ordinary pages
 *	  backing.c		operations of the backing
 *	  alloc_state.c		asks the page allocator for pages a card reaches
 *	  block.c		joins, splits and retakes blocks of free pages
 *	  extents.c		list of the extents that an allocation found
 *	  scattered.c		pages at any address
 *	  aligned.c		pages and pieces at addresses of an alignment
 *	  range.c		contiguous range: the steps that find one
 *	  neighbours.c		contiguous range of free huge pages
 *	  contig.c		contiguous range that others are moved out of
 *	  contig_zone.c		finds and empties such a range in one zone
 *	  migrate_cost.c	cost of emptying a block
 *	  contig_lock.c		one contiguous allocation at a time
 *	  cpu_ping.c		asks whether each processor does work for the kernel
 *	  collapse.c		makes huge pages of base pages
 *	  quarantine.c		pages in quarantine: kept, joined, taken again
 *	  lingering.c		pages of freed buffers that somebody still holds
 *	  dma_map.c		maps the pages for the card
 *	lib/			pure functions, also compiled and tested on the host
 *	  bars.c		sizes of a card's BARs
 *	  parse.c		parses sizes, labels, names and ids
 *	  segments.c		joins ranges of bus addresses, formats them
 *	  extent_list.c	lists of physically contiguous pages
 *	  extent_sort.c	sorts them
 *	  ladder.c		what an allocation in pieces tries next
 *	  spans.c		where a contiguous range can lie
 *	  zone_share.c		share of a zone that is left to others
 *	minors.c		minor numbers of all nodes
 *	sync_point.c		points where a test makes a task wait (test build)
 *	compat.h		differences between kernel versions
 *	uapi/pcibuf.h		ioctls and structures for programs
 *
 * Locks. In each line, a lock on the left may be held while the next lock is taken:
 *
 *	card->alloc_lock, card->lock, buffer->lock
 *	card->alloc_lock, contig_lock
 *	card->alloc_lock, mmap_lock of another process, buffer->lock, coherent->lock
 *	card->irq_lock, card->lock, minors_lock
 *	card->irq_lock, irq->wait.lock, command_lock
 *	card->lock, pool->lock, linger_lock, quota_lock
 *
 * card->lock is outside pool->lock in pcibuf_bus_master_get(),
 * pcibuf_bus_master_put() and pcibuf_card_failed(). card->alloc_lock is outside the
 * mmap_lock where an allocation fails after a program mapped its buffer. Page locks are
 * taken inside card->alloc_lock and inside the mmap_lock. The driver takes none of its
 * locks inside a page lock. Each lock is described where it is defined.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "buffer/buffer.h"
#include "card/card.h"
#include "minors.h"
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

static int __init memory_init(void)
{
	int ret;

	ret = pcibuf_contig_init();
	if (ret)
		return ret;
	ret = pcibuf_lingering_start();
	if (ret)
		pcibuf_contig_exit();
	return ret;
}

static void memory_exit(void)
{
	pcibuf_lingering_stop();
	pcibuf_contig_exit();
}

static int __init pcibuf_init(void)
{
	int ret;

	ret = memory_init();
	if (ret)
		return ret;
	ret = pcibuf_fs_init();
	if (ret)
		goto err_memory_exit;
	ret = pcibuf_minors_init();
	if (ret)
		goto err_fs_exit;
	ret = pcibuf_buffer_class_init();
	if (ret)
		goto err_minors_exit;
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
err_minors_exit:
	pcibuf_minors_exit();
err_fs_exit:
	pcibuf_fs_exit();
err_memory_exit:
	memory_exit();
	return ret;
}

static void __exit pcibuf_exit(void)
{
	pcibuf_pci_exit();
	pcibuf_sync_points_exit();
	pcibuf_card_class_exit();
	pcibuf_buffer_class_exit();
	pcibuf_minors_exit();
	pcibuf_fs_exit();
	memory_exit();
}

module_init(pcibuf_init);
module_exit(pcibuf_exit);

MODULE_DESCRIPTION("DMA memory of PCI cards for user space");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
