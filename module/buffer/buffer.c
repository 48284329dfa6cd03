// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer: its device, its node and its life.
 */
#include <linux/atomic.h>
#include <linux/err.h>
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
 * What a buffer takes beside its memory: mostly its names in sysfs and /dev, as
 * measured (7 to 16 KiB, from boot to boot). No quota counts it, and of a small one it
 * is the larger part.
 */
#define NAMES_SIZE	SZ_16K

static dev_t first_devt;

/* A debug build can have few, so that a test sees them run out. */
static unsigned int nr_minors = MINORMASK + 1;
#ifdef CONFIG_PCIBUF_TEST
module_param(nr_minors, uint, 0);
#endif

/* Begins anywhere in 2^64, so that no number of an earlier load comes again. */
static atomic64_t last_id;

/* Protects the two that follow. */
static DEFINE_MUTEX(minors_lock);
/* Of buffers, also of those that have no number yet. */
static unsigned int minors_reserved;
/* Given out in turn: a stale name finds nothing, not somebody else's buffer. */
static DEFINE_IDR(minors);

static struct pcibuf_buffer *to_buffer(const struct device *dev)
{
	return container_of(dev, struct pcibuf_buffer, dev);
}

/*
 * Owner and mode from the start: a rule of udev's would come too late. When the
 * node is removed it is only asked for its name, and all three are NULL.
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

/* The names of all buffers take no more than a sixteenth of RAM. */
static unsigned int max_buffers(void)
{
	u64 names = (u64)totalram_pages() * PAGE_SIZE / 16;

	return min_t(u64, nr_minors, names / NAMES_SIZE);
}

/*
 * A number is set aside when a request begins, so that it fails before it takes
 * memory, but chosen when it has succeeded: what fails shall not bring the day
 * nearer on which a number is used again.
 */
static int minor_reserve(void)
{
	int ret = 0;

	mutex_lock(&minors_lock);
	if (minors_reserved < max_buffers())
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
	*devt = MKDEV(MAJOR(first_devt), minor);
	return 0;
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
 * pcibuf_buffer_class_init() - register the class and the minor numbers
 *
 * Return: 0 or a negative errno.
 */
int pcibuf_buffer_class_init(void)
{
	int ret;

	atomic64_set(&last_id, get_random_u64());
	ret = alloc_chrdev_region(&first_devt, 0, MINORMASK + 1, "pcibuf");
	if (ret)
		return ret;
	ret = class_register(&buffer_class);
	if (ret)
		goto err_unregister_region;
	return 0;

err_unregister_region:
	unregister_chrdev_region(first_devt, MINORMASK + 1);
	return ret;
}

/**
 * pcibuf_buffer_class_exit() - undo pcibuf_buffer_class_init(); no buffer is left
 */
void pcibuf_buffer_class_exit(void)
{
	class_unregister(&buffer_class);
	unregister_chrdev_region(first_devt, MINORMASK + 1);
	idr_destroy(&minors);
}

static void init_device(struct pcibuf_buffer *buffer)
{
	device_initialize(&buffer->dev);
	buffer->dev.class = &buffer_class;
	buffer->dev.type = &buffer_type;
	buffer->dev.parent = buffer->card;
	/* Its card's directory gets a link first, see pcibuf_buffer_register(). */
	dev_set_uevent_suppress(&buffer->dev, true);
	cdev_init(&buffer->cdev, &pcibuf_fops);
	buffer->cdev.owner = THIS_MODULE;
}

/**
 * pcibuf_buffer_new() - a buffer without memory, that nobody sees yet
 * @card: class device of its card
 * @size: bytes, whole pages
 * @label: empty for none
 *
 * Return: a buffer, to be dropped by put_device(&buffer->dev), or an ERR_PTR of
 * -ENOMEM or -ENOSPC.
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

/**
 * pcibuf_buffer_link() - its name in the card's directory of links
 * @buffer: with its index set
 * @text: room for the index
 *
 * Return: the label, or the index where it has none.
 */
const char *pcibuf_buffer_link(struct pcibuf_buffer *buffer, char text[12])
{
	if (*buffer->label)
		return buffer->label;
	snprintf(text, 12, "%u", buffer->index);
	return text;
}

/**
 * pcibuf_buffer_register() - make the device, the node and the link appear
 * @buffer: complete
 *
 * Attributes, node and link are there with their owner before udev hears of it.
 * The caller may hold the card's lock: nothing here takes it.
 *
 * Return: 0 or a negative errno, and then nothing of it is there.
 */
int pcibuf_buffer_register(struct pcibuf_buffer *buffer)
{
	char text[12];
	int ret;

	ret = minor_choose(&buffer->dev.devt);
	if (ret)
		return ret;
	ret = dev_set_name(&buffer->dev, "pcibuf%u", MINOR(buffer->dev.devt));
	if (ret)
		return ret;
	ret = cdev_device_add(&buffer->cdev, &buffer->dev);
	if (ret)
		return ret;
	ret = pcibuf_buffer_sysfs_own(buffer);
	if (ret)
		goto err_del;
	ret = sysfs_add_link_to_group(&buffer->card->kobj, PCIBUF_LINKS,
				      &buffer->dev.kobj,
				      pcibuf_buffer_link(buffer, text));
	if (ret)
		goto err_del;
	dev_set_uevent_suppress(&buffer->dev, false);
	kobject_uevent(&buffer->dev.kobj, KOBJ_ADD);
	return 0;

err_del:
	cdev_device_del(&buffer->cdev, &buffer->dev);
	return ret;
}

/**
 * pcibuf_buffer_unregister() - undo pcibuf_buffer_register()
 * @buffer: dead. Open files stay open
 *
 * Waits for readers of its attributes, so the caller holds no lock that they
 * take.
 */
void pcibuf_buffer_unregister(struct pcibuf_buffer *buffer)
{
	char text[12];

	sysfs_remove_link_from_group(&buffer->card->kobj, PCIBUF_LINKS,
				     pcibuf_buffer_link(buffer, text));
	cdev_device_del(&buffer->cdev, &buffer->dev);
}
