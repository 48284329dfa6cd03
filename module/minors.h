/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Minor numbers: one space of numbers for all nodes of the driver. A number is the M of
 * the node's name, and is not used again soon.
 */
#ifndef PCIBUF_MINORS_H
#define PCIBUF_MINORS_H

#include <linux/fs.h>
#include <linux/types.h>

struct device;

/**
 * struct pcibuf_minor - what a node belongs to
 * @dev: device, whose release frees this structure. Each open file holds a reference,
 *	which the release() of @fops drops
 * @fops: calls on the node. Their open() finds this structure in file->private_data
 */
struct pcibuf_minor {
	struct device *dev;
	const struct file_operations *fops;
};

int pcibuf_minors_init(void);
void pcibuf_minors_exit(void);
unsigned int pcibuf_minors_max(void);
int pcibuf_minor_reserve(void);
int pcibuf_minor_choose(dev_t *devt);
void pcibuf_minor_register(struct pcibuf_minor *minor);
void pcibuf_minor_unregister(struct pcibuf_minor *minor);
void pcibuf_minor_free(dev_t devt);

#endif /* PCIBUF_MINORS_H */
