// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer: device, node and link of a buffer.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "buffer/buffer.h"
#include "compat.h"
#include "minors.h"

/*
 * Id of the last buffer. The first id is a random number of 64 bits, so that no id
 * of an earlier load of the module comes again.
 */
static atomic64_t last_id;

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

static void buffer_release(struct device *dev)
{
	struct pcibuf_buffer *buffer = to_buffer(dev);

	WARN_ON(buffer->memory);
	pcibuf_minor_free(dev->devt);
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
 * pcibuf_buffer_class_init() - register the class pcibuf
 *
 * Called once, when the module is loaded.
 *
 * Return: 0, or a negative errno, and nothing is registered.
 */
int pcibuf_buffer_class_init(void)
{
	atomic64_set(&last_id, get_random_u64());
	return class_register(&buffer_class);
}

/**
 * pcibuf_buffer_class_exit() - undo pcibuf_buffer_class_init()
 *
 * Called when the module is unloaded. No buffer is left, and no file is open.
 */
void pcibuf_buffer_class_exit(void)
{
	class_unregister(&buffer_class);
}

static void init_device(struct pcibuf_buffer *buffer)
{
	buffer->minor.dev = &buffer->dev;
	buffer->minor.fops = &pcibuf_fops;
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
	ret = pcibuf_minor_reserve();
	if (ret)
		goto err_put_inode;
	buffer->card = get_device(card);
	buffer->id = atomic64_inc_return(&last_id);
	buffer->size = size;
	strscpy(buffer->label, label, sizeof(buffer->label));
	init_waitqueue_head(&buffer->wait);
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

	ret = pcibuf_minor_choose(&buffer->dev.devt);
	if (ret)
		return ret;
	ret = dev_set_name(&buffer->dev, "pcibuf%u", MINOR(buffer->dev.devt));
	if (ret)
		return ret;
	pcibuf_minor_register(&buffer->minor);
	ret = device_add(&buffer->dev);
	if (ret)
		goto err_unregister;
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
err_unregister:
	pcibuf_minor_unregister(&buffer->minor);
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
	pcibuf_minor_unregister(&buffer->minor);
}
