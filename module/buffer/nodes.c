// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes: the character device of all nodes /dev/pcibufN.
 *
 * A character device for each buffer would be simpler, and slow: the kernel keeps the
 * character devices of a major number in a list, newest first, and searches this list
 * whenever a node is opened or a device is removed (drivers/base/map.c). To remove
 * 65,536 buffers, oldest first, took the square of that in steps.
 */
#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/module.h>

#include "buffer/buffer.h"

static struct cdev *nodes;

/**
 * pcibuf_nodes_init() - let nodes be opened
 *
 * Called once, when the module is loaded, after pcibuf_buffer_class_init().
 *
 * Return: 0, or -ENOMEM.
 */
int pcibuf_nodes_init(void)
{
	int ret;

	nodes = cdev_alloc();
	if (!nodes)
		return -ENOMEM;
	nodes->ops = &pcibuf_fops;
	nodes->owner = THIS_MODULE;
	ret = cdev_add(nodes, pcibuf_first_devt, MINORMASK + 1);
	if (ret)
		kobject_put(&nodes->kobj);
	return ret;
}

/**
 * pcibuf_nodes_exit() - undo pcibuf_nodes_init()
 *
 * Called when the module is unloaded. No buffer is left, and no file is open.
 */
void pcibuf_nodes_exit(void)
{
	cdev_del(nodes);
}
