// SPDX-License-Identifier: GPL-2.0-only
/*
 * Minor numbers of the nodes.
 */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "minors.h"

/*
 * Bytes that a node takes beside its memory, mostly for its names in sysfs and /dev.
 * Measured: 7 to 16 KiB, different from boot to boot. No quota counts these bytes. A
 * small buffer takes more bytes for its names than for its memory.
 */
#define NAMES_SIZE	SZ_16K

static dev_t first_devt;

/* In the test build a test can set a low number, to see minor numbers run out. */
static unsigned int nr_minors = MINORMASK + 1;
#ifdef CONFIG_PCIBUF_TEST
module_param(nr_minors, uint, 0);
#endif

/* Protects minors_reserved and minors. Inside card->lock. */
static DEFINE_MUTEX(minors_lock);
/* Number of nodes, including nodes that have no minor number yet. */
static unsigned int minors_reserved;
/* Numbers are allocated in turn: a stale pcibufN does not soon name a new buffer. */
static DEFINE_IDR(minors);

/* The limit of nodes: the names of all nodes take at most a sixteenth of RAM. */
static unsigned int max_nodes(void)
{
	u64 names = (u64)totalram_pages() * PAGE_SIZE / 16;

	return min_t(u64, nr_minors, names / NAMES_SIZE);
}

/**
 * pcibuf_minors_init() - register the range of minor numbers
 *
 * Called once, when the module is loaded.
 *
 * Return: 0, or a negative errno, and nothing is registered.
 */
int pcibuf_minors_init(void)
{
	return alloc_chrdev_region(&first_devt, 0, MINORMASK + 1, "pcibuf");
}

/**
 * pcibuf_minors_exit() - undo pcibuf_minors_init()
 *
 * Called when the module is unloaded. No node is left, and no file is open.
 */
void pcibuf_minors_exit(void)
{
	unregister_chrdev_region(first_devt, MINORMASK + 1);
	idr_destroy(&minors);
}

/**
 * pcibuf_minor_reserve() - reserve a minor number
 *
 * Called when a request begins. So a request for which no number is left fails before
 * it takes memory. pcibuf_minor_choose() chooses the number once the request has
 * memory: a request that fails uses up no number, and does not hasten the reuse of old
 * numbers.
 *
 * Takes minors_lock.
 *
 * Return: 0, and the caller calls pcibuf_minor_free() in the end; or -ENOSPC where no
 * number is left.
 */
int pcibuf_minor_reserve(void)
{
	int ret = 0;

	mutex_lock(&minors_lock);
	if (minors_reserved < max_nodes())
		minors_reserved++;
	else
		ret = -ENOSPC;
	mutex_unlock(&minors_lock);
	return ret;
}

/**
 * pcibuf_minor_choose() - choose the number that was reserved
 * @devt: out: device number
 *
 * Takes minors_lock. May sleep, but not for long.
 *
 * Return: 0, or the negative errno of idr_alloc_cyclic(), and @devt is unchanged.
 */
int pcibuf_minor_choose(dev_t *devt)
{
	int minor;

	mutex_lock(&minors_lock);
	minor = idr_alloc_cyclic(&minors, NULL, 0, nr_minors, GFP_KERNEL);
	mutex_unlock(&minors_lock);
	if (minor < 0)
		return minor;
	*devt = MKDEV(MAJOR(first_devt), minor);
	return 0;
}

/**
 * pcibuf_minor_free() - give a number back
 * @devt: device number; 0 where the number was reserved and not chosen
 *
 * Takes minors_lock.
 */
void pcibuf_minor_free(dev_t devt)
{
	mutex_lock(&minors_lock);
	minors_reserved--;
	if (devt)
		idr_remove(&minors, MINOR(devt));
	mutex_unlock(&minors_lock);
}
