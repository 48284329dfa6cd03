// SPDX-License-Identifier: GPL-2.0-only
/*
 * Minor numbers of the nodes, and the character device of all nodes.
 *
 * A character device for each node would be simpler, and slow: the kernel keeps the
 * character devices of a major number in a list, newest first, and searches this list
 * whenever a node is opened or a device is removed (drivers/base/map.c). To remove
 * 65,536 buffers, oldest first, took the square of that in steps.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/module.h>
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
static struct cdev *chrdev;

/* In the test build a test can set a low number, to see minor numbers run out. */
static unsigned int nr_minors = MINORMASK + 1;
#ifdef CONFIG_PCIBUF_TEST
module_param(nr_minors, uint, 0);
#endif

/* Protects minors_reserved and minors. Inside card->lock. */
static DEFINE_MUTEX(minors_lock);
/* Number of nodes, including nodes that have no minor number yet. */
static unsigned int minors_reserved;
/*
 * struct pcibuf_minor by number; NULL where nothing is registered. Numbers are allocated
 * in turn: a stale pcibufN does not soon name a new buffer.
 */
static DEFINE_IDR(minors);

/**
 * pcibuf_minors_max() - how many nodes the machine can name
 *
 * The names of all nodes take at most a sixteenth of RAM.
 *
 * Return: number of nodes of all cards together.
 */
unsigned int pcibuf_minors_max(void)
{
	u64 names = (u64)totalram_pages() * PAGE_SIZE / 16;

	return min_t(u64, nr_minors, names / NAMES_SIZE);
}

/* Find what is registered. The caller drops the device. */
static struct pcibuf_minor *minor_get(unsigned int number)
{
	struct pcibuf_minor *minor;

	mutex_lock(&minors_lock);
	minor = idr_find(&minors, number);
	if (minor)
		get_device(minor->dev);
	mutex_unlock(&minors_lock);
	return minor;
}

/* Leave the file to the calls of what is registered. */
static int minor_open(struct inode *inode, struct file *file)
{
	struct pcibuf_minor *minor = minor_get(iminor(inode));
	int ret;

	if (!minor)
		return -ENXIO;
	file->private_data = minor;
	replace_fops(file, fops_get(minor->fops));
	ret = file->f_op->open(inode, file);
	if (ret)
		put_device(minor->dev);
	return ret;
}

static const struct file_operations minor_fops = {
	.owner = THIS_MODULE,
	.open = minor_open,
	.llseek = noop_llseek,
};

/**
 * pcibuf_minors_init() - register the minor numbers, and let nodes be opened
 *
 * Called once, when the module is loaded.
 *
 * Return: 0, or a negative errno, and nothing is registered.
 */
int pcibuf_minors_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&first_devt, 0, MINORMASK + 1, "pcibuf");
	if (ret)
		return ret;
	ret = -ENOMEM;
	chrdev = cdev_alloc();
	if (!chrdev)
		goto err_unregister;
	chrdev->ops = &minor_fops;
	chrdev->owner = THIS_MODULE;
	ret = cdev_add(chrdev, first_devt, MINORMASK + 1);
	if (ret)
		goto err_put;
	return 0;

err_put:
	kobject_put(&chrdev->kobj);
err_unregister:
	unregister_chrdev_region(first_devt, MINORMASK + 1);
	return ret;
}

/**
 * pcibuf_minors_exit() - undo pcibuf_minors_init()
 *
 * Called when the module is unloaded. No node is left, and no file is open.
 */
void pcibuf_minors_exit(void)
{
	cdev_del(chrdev);
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
	if (minors_reserved < pcibuf_minors_max())
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

static void minor_set(dev_t devt, struct pcibuf_minor *minor)
{
	mutex_lock(&minors_lock);
	idr_replace(&minors, minor, MINOR(devt));
	mutex_unlock(&minors_lock);
}

/**
 * pcibuf_minor_register() - let opens of a node find it
 * @minor: minor, with all fields set; its device has its number. It stays where it is
 *	until pcibuf_minor_unregister(), and as long as anybody holds the device
 *
 * Takes minors_lock.
 */
void pcibuf_minor_register(struct pcibuf_minor *minor)
{
	minor_set(minor->dev->devt, minor);
}

/**
 * pcibuf_minor_unregister() - undo pcibuf_minor_register()
 * @minor: minor. An open that has found it already goes on
 *
 * Takes minors_lock.
 */
void pcibuf_minor_unregister(struct pcibuf_minor *minor)
{
	minor_set(minor->dev->devt, NULL);
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
