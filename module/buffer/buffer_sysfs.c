// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a buffer: the files in /sys/class/pcibuf/pcibufN.
 *
 * A read can come after the buffer was marked dead, while its directory is being
 * removed. No attribute takes card->lock: pcibuf_buffer_register() runs under
 * card->lock, and where it fails it removes the directory and waits for readers.
 */
#include <linux/device.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sysfs.h>

#include "buffer/buffer.h"
#include "compat.h"
#include "lib/segments.h"

static struct pcibuf_buffer *to_buffer(struct device *dev)
{
	return container_of(dev, struct pcibuf_buffer, dev);
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_buffer(dev)->size);
}
static DEVICE_ATTR_RO(size);

static ssize_t label_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", to_buffer(dev)->label);
}
static DEVICE_ATTR_RO(label);

static ssize_t index_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", to_buffer(dev)->index);
}
static DEVICE_ATTR_RO(index);

static ssize_t open_count_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_buffer(dev)->open_count));
}
static DEVICE_ATTR_RO(open_count);

/* Show a fact of the memory. The memory goes before the buffer's directory does. */
static ssize_t show_memory(struct device *dev, char *buf,
			   int (*emit)(struct pcibuf_memory *memory, char *buf))
{
	struct pcibuf_buffer *buffer = to_buffer(dev);
	ssize_t ret;

	ret = pcibuf_buffer_enter(buffer);
	if (ret)
		return ret;
	ret = emit(buffer->memory, buf);
	pcibuf_buffer_exit(buffer);
	return ret;
}

static int emit_dma_addr(struct pcibuf_memory *memory, char *buf)
{
	return sysfs_emit(buf, "0x%llx\n", memory->segments[0].dma_addr);
}

static ssize_t dma_addr_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return show_memory(dev, buf, emit_dma_addr);
}

static struct device_attribute dev_attr_dma_addr =
	__ATTR(dma_addr, 0440, dma_addr_show, NULL);

static int emit_nr_segments(struct pcibuf_memory *memory, char *buf)
{
	return sysfs_emit(buf, "%u\n", memory->nr_segments);
}

static ssize_t nr_segments_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return show_memory(dev, buf, emit_nr_segments);
}
static DEVICE_ATTR_RO(nr_segments);

static int emit_align(struct pcibuf_memory *memory, char *buf)
{
	return sysfs_emit(buf, "%llu\n", memory->align);
}

static ssize_t align_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return show_memory(dev, buf, emit_align);
}
static DEVICE_ATTR_RO(align);

static int emit_backing(struct pcibuf_memory *memory, char *buf)
{
	return sysfs_emit(buf, "%s\n", memory->ops->name);
}

static ssize_t backing_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return show_memory(dev, buf, emit_backing);
}
static DEVICE_ATTR_RO(backing);

static int emit_numa_node(struct pcibuf_memory *memory, char *buf)
{
	int node = NUMA_NO_NODE;

	if (num_online_nodes() > 1)
		node = memory->ops->node(memory);
	return sysfs_emit(buf, "%d\n", node);
}

static ssize_t numa_node_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return show_memory(dev, buf, emit_numa_node);
}
static DEVICE_ATTR_RO(numa_node);

/* A binary attribute: the list of segments may be longer than a page. */
static ssize_t segments_read(struct file *file, struct kobject *kobj,
			     pcibuf_bin_const struct bin_attribute *attr,
			     char *buf, loff_t pos, size_t len)
{
	struct pcibuf_buffer *buffer = to_buffer(kobj_to_dev(kobj));
	ssize_t ret;

	ret = pcibuf_buffer_enter(buffer);
	if (ret)
		return ret;
	ret = pcibuf_segments_text(buffer->memory->segments,
				   buffer->memory->nr_segments, buf, pos, len);
	pcibuf_buffer_exit(buffer);
	return ret;
}
static BIN_ATTR(segments, 0440, segments_read, NULL, 0);

static struct attribute *buffer_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_label.attr,
	&dev_attr_index.attr,
	&dev_attr_nr_segments.attr,
	&dev_attr_align.attr,
	&dev_attr_backing.attr,
	&dev_attr_numa_node.attr,
	&dev_attr_open_count.attr,
	NULL
};

static const struct attribute_group buffer_group = {
	.attrs = buffer_attrs,
};

/*
 * Only root and the card's group may read addresses. So the attributes with
 * addresses are in groups of their own, whose owner pcibuf_buffer_sysfs_own()
 * changes.
 */
static pcibuf_bin_const struct bin_attribute *pcibuf_bin_const
segments_attrs[] = {
	&bin_attr_segments,
	NULL
};

static const struct attribute_group segments_group = {
	.bin_attrs = segments_attrs,
};

static struct attribute *dma_addr_attrs[] = {
	&dev_attr_dma_addr.attr,
	NULL
};

/*
 * A buffer of several segments has no dma_addr: a program could take the address of
 * the first segment for the address of the whole buffer.
 */
static umode_t dma_addr_is_visible(struct kobject *kobj, struct attribute *attr,
				   int n)
{
	struct pcibuf_buffer *buffer = to_buffer(kobj_to_dev(kobj));

	return buffer->memory->nr_segments > 1 ? 0 : attr->mode;
}

static const struct attribute_group dma_addr_group = {
	.attrs = dma_addr_attrs,
	.is_visible = dma_addr_is_visible,
};

const struct attribute_group *pcibuf_buffer_groups[] = {
	&buffer_group,
	&segments_group,
	&dma_addr_group,
	NULL
};

/**
 * pcibuf_buffer_sysfs_own() - give the attributes with addresses to the buffer's
 *	group
 * @buffer: a buffer whose device was added; udev has no event yet
 *
 * The caller holds card->lock: so the memory of the buffer stays. Takes no lock of
 * the driver. May sleep, but not for long.
 *
 * Return: 0 or a negative errno.
 */
int pcibuf_buffer_sysfs_own(struct pcibuf_buffer *buffer)
{
	struct kobject *kobj = &buffer->dev.kobj;
	int ret;

	ret = sysfs_group_change_owner(kobj, &segments_group, GLOBAL_ROOT_UID,
				       buffer->gid);
	if (ret || buffer->memory->nr_segments > 1)
		return ret;
	return sysfs_group_change_owner(kobj, &dma_addr_group, GLOBAL_ROOT_UID,
					buffer->gid);
}
