// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer: device, minor number, node and link of a buffer.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "buffer/buffer.h"
#include "compat.h"

/*
 * Bytes that a buffer takes beside its memory, mostly for its names in sysfs and
 * /dev. Measured: 7 to 16 KiB, different from boot to boot. No quota counts these
 * bytes. A small buffer takes more bytes for its names than for its memory.
 */
#define NAMES_SIZE	SZ_16K

/* First number of the nodes: the major number, and minor number 0. */
dev_t pcibuf_first_devt;

/* In the test build a test can set a low number, to see minor numbers run out. */
static unsigned int nr_minors = MINORMASK + 1;
#ifdef CONFIG_PCIBUF_TEST
module_param(nr_minors, uint, 0);
#endif

/*
 * Id of the last buffer. The first id is a random number of 64 bits, so that no id
 * of an earlier load of the module comes again.
 */
static atomic64_t last_id;

/* Protects minors_reserved and minors. Inside card->lock. */
static DEFINE_MUTEX(minors_lock);
/* Number of buffers, including buffers that have no minor number yet. */
static unsigned int minors_reserved;
/*
 * Buffers by minor number; NULL where a buffer is not registered. Numbers are allocated
 * in turn: a stale pcibufN does not soon name a new buffer.
 */
static DEFINE_IDR(minors);

static struct pcibuf_buffer *to_buffer(const struct device *dev)
{
	return container_of(dev, struct pcibuf_buffer, dev);
}

/*
 * devtmpfs creates the node with this owner and mode. A udev rule would set them too
 * late. When devtmpfs removes the node, @mode, @uid and @gid are NULL.
 */
static char *devnode(pcibuf_const struct device *dev, umode_t *mode,
		     kuid_t *uid, kgid_t *gid)
{
	if (mode)
		*mode = 0660;
	if (gid)
		*gid = to_buffer(dev)->gid;
	return NULL;
}

/**
 * pcibuf_buffer_max() - how many buffers the machine can name
 *
 * The names of all buffers take at most a sixteenth of RAM.
 *
 * Return: number of buffers of all cards together.
 */
unsigned int pcibuf_buffer_max(void)
{
	u64 names = (u64)totalram_pages() * PAGE_SIZE / 16;

	return min_t(u64, nr_minors, names / NAMES_SIZE);
}

/*
 * Reserve a minor number when a request begins. So a request for which no number is
 * left fails before it takes memory. minor_choose() chooses the number once the
 * request has memory: a request that fails uses up no number, and does not hasten
 * the reuse of old numbers.
 */
static int minor_reserve(void)
{
	int ret = 0;

	mutex_lock(&minors_lock);
	if (minors_reserved < pcibuf_buffer_max())
		minors_reserved++;
	else
		ret = -ENOSPC;
	mutex_unlock(&minors_lock);
	return ret;
}

static int minor_choose(dev_t *devt)
{
	int minor;

	mutex_lock(&minors_lock);
	minor = idr_alloc_cyclic(&minors, NULL, 0, nr_minors, GFP_KERNEL);
	mutex_unlock(&minors_lock);
	if (minor < 0)
		return minor;
	*devt = MKDEV(MAJOR(pcibuf_first_devt), minor);
	return 0;
}

/* Set which buffer an open of the node finds; NULL for none. */
static void minor_set(dev_t devt, struct pcibuf_buffer *buffer)
{
	mutex_lock(&minors_lock);
	idr_replace(&minors, buffer, MINOR(devt));
	mutex_unlock(&minors_lock);
}

static void minor_free(dev_t devt)
{
	mutex_lock(&minors_lock);
	minors_reserved--;
	if (devt)
		idr_remove(&minors, MINOR(devt));
	mutex_unlock(&minors_lock);
}

static void buffer_release(struct device *dev)
{
	struct pcibuf_buffer *buffer = to_buffer(dev);

	WARN_ON(buffer->memory);
	minor_free(dev->devt);
	iput(buffer->inode);
	put_device(buffer->card);
	kfree(buffer);
}

static struct class buffer_class = {
	.name = "pcibuf",
};

static const struct device_type buffer_type = {
	.name = "pcibuf_buffer",
	.groups = pcibuf_buffer_groups,
	.devnode = devnode,
	.release = buffer_release,
};

/**
 * pcibuf_buffer_class_init() - register the class and the range of minor numbers
 *
 * Called once, when the module is loaded.
 *
 * Return: 0, or a negative errno, and nothing is registered.
 */
int pcibuf_buffer_class_init(void)
{
	int ret;

	atomic64_set(&last_id, get_random_u64());
	ret = alloc_chrdev_region(&pcibuf_first_devt, 0, MINORMASK + 1,
				  "pcibuf");
	if (ret)
		return ret;
	ret = class_register(&buffer_class);
	if (ret)
		goto err_unregister_region;
	return 0;

err_unregister_region:
	unregister_chrdev_region(pcibuf_first_devt, MINORMASK + 1);
	return ret;
}

/**
 * pcibuf_buffer_class_exit() - undo pcibuf_buffer_class_init()
 *
 * Called when the module is unloaded. No buffer is left, and no file is open.
 */
void pcibuf_buffer_class_exit(void)
{
	class_unregister(&buffer_class);
	unregister_chrdev_region(pcibuf_first_devt, MINORMASK + 1);
	idr_destroy(&minors);
}

static void init_device(struct pcibuf_buffer *buffer)
{
	device_initialize(&buffer->dev);
	buffer->dev.class = &buffer_class;
	buffer->dev.type = &buffer_type;
	buffer->dev.parent = buffer->card;
	/* No event before the link exists, see pcibuf_buffer_register(). */
	dev_set_uevent_suppress(&buffer->dev, true);
}

/**
 * pcibuf_buffer_new() - allocate a buffer that has no memory and is not registered
 * @card: class device of the card; the buffer takes a reference to it
 * @size: bytes, whole pages
 * @label: label, shorter than %PCIBUF_LABEL_SIZE; empty for none
 *
 * Takes minors_lock. May sleep, but not for long.
 *
 * Return: the buffer, and the caller drops it with put_device(&buffer->dev); or an
 * ERR_PTR of -ENOMEM (no memory for the structures) or -ENOSPC (no minor number
 * left).
 */
struct pcibuf_buffer *pcibuf_buffer_new(struct device *card, u64 size,
					const char *label)
{
	struct pcibuf_buffer *buffer;
	int ret;

	buffer = kzalloc(sizeof(*buffer), PCIBUF_GFP);
	if (!buffer)
		return ERR_PTR(-ENOMEM);
	buffer->inode = pcibuf_fs_inode(size);
	if (IS_ERR(buffer->inode)) {
		ret = -ENOMEM;
		goto err_free;
	}
	ret = minor_reserve();
	if (ret)
		goto err_put_inode;
	buffer->card = get_device(card);
	buffer->id = atomic64_inc_return(&last_id);
	buffer->size = size;
	strscpy(buffer->label, label, sizeof(buffer->label));
	init_rwsem(&buffer->lock);
	init_device(buffer);
	return buffer;

err_put_inode:
	iput(buffer->inode);
err_free:
	kfree(buffer);
	return ERR_PTR(ret);
}

/* The link in the card's directory has the label, or the index where there is none. */
static const char *link_name(const struct pcibuf_buffer *buffer)
{
	return *buffer->label ? buffer->label : buffer->index_text;
}

/**
 * pcibuf_buffer_register() - register the device, the node and the link of a buffer
 * @buffer: a buffer with memory, index and owner
 *
 * Attributes, node and link exist, with their owner, before the event goes to udev.
 * The caller holds card->lock. This function takes minors_lock. On failure this
 * function removes the device, and the removal waits for readers of the buffer's
 * attributes: so no attribute of a buffer takes card->lock. May sleep, but not for
 * long.
 *
 * Return: 0; or a negative errno, and nothing is registered. The node may have
 * existed for a moment, and a program may have opened it.
 */
int pcibuf_buffer_register(struct pcibuf_buffer *buffer)
{
	int ret;

	ret = minor_choose(&buffer->dev.devt);
	if (ret)
		return ret;
	ret = dev_set_name(&buffer->dev, "pcibuf%u", MINOR(buffer->dev.devt));
	if (ret)
		return ret;
	minor_set(buffer->dev.devt, buffer);
	ret = device_add(&buffer->dev);
	if (ret)
		goto err_unset;
	ret = pcibuf_buffer_sysfs_own(buffer);
	if (ret)
		goto err_del;
	ret = sysfs_add_link_to_group(&buffer->card->kobj, PCIBUF_LINKS,
				      &buffer->dev.kobj, link_name(buffer));
	if (ret)
		goto err_del;
	dev_set_uevent_suppress(&buffer->dev, false);
	kobject_uevent(&buffer->dev.kobj, KOBJ_ADD);
	return 0;

err_del:
	device_del(&buffer->dev);
err_unset:
	minor_set(buffer->dev.devt, NULL);
	return ret;
}

/**
 * pcibuf_buffer_unregister() - undo pcibuf_buffer_register()
 * @buffer: a dead buffer. Its open files stay open
 *
 * The removal waits for readers of the buffer's attributes. So the caller does not
 * hold buffer->lock, which these readers take.
 */
void pcibuf_buffer_unregister(struct pcibuf_buffer *buffer)
{
	sysfs_remove_link_from_group(&buffer->card->kobj, PCIBUF_LINKS,
				     link_name(buffer));
	device_del(&buffer->dev);
	minor_set(buffer->dev.devt, NULL);
}

/**
 * pcibuf_buffer_get() - find the buffer of a node
 * @minor: minor number of the node
 *
 * Takes minors_lock. May sleep, but not for long.
 *
 * Return: the buffer, alive or dead, and the caller drops it with
 * put_device(&buffer->dev); NULL where no registered buffer has that number.
 */
struct pcibuf_buffer *pcibuf_buffer_get(unsigned int minor)
{
	struct pcibuf_buffer *buffer;

	mutex_lock(&minors_lock);
	buffer = idr_find(&minors, minor);
	if (buffer)
		get_device(&buffer->dev);
	mutex_unlock(&minors_lock);
	return buffer;
}
