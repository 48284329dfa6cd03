// SPDX-License-Identifier: GPL-2.0-only
/* The card, the nodes, and the parts that all ways share. */
#include <linux/err.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "rivals.h"

static struct pci_dev *card;

static void release_memory(struct rival *rival)
{
	while (rival->nr_blocks)
		rival->way->put(rival, &rival->blocks[--rival->nr_blocks]);
	vfree(rival->table);
	kvfree(rival->blocks);
	rival->blocks = NULL;
	rival->table = NULL;
	rival->size = 0;
}

static int fill(struct rival *rival, size_t size)
{
	size_t max = min(rival->way->block, size), done;

	rival->blocks = kvcalloc(DIV_ROUND_UP(size, max),
				 sizeof(*rival->blocks), GFP_KERNEL);
	rival->table = vzalloc((size >> PAGE_SHIFT) * sizeof(*rival->table));
	if (!rival->blocks || !rival->table)
		return -ENOMEM;
	for (done = 0; done < size; done += max) {
		struct block *block = &rival->blocks[rival->nr_blocks];
		int ret;

		block->size = min(max, size - done);
		ret = rival->way->get(rival, block);
		if (ret)
			return ret;
		rival->nr_blocks++;
	}
	return 0;
}

static long rival_ioctl(struct file *file, unsigned int cmd, unsigned long size)
{
	struct rival *rival = file->private_data;
	int ret;

	if (cmd != RIVAL_ALLOC)
		return -ENOTTY;
	if (rival->size || !size || size % PAGE_SIZE)
		return -EINVAL;
	ret = fill(rival, size);
	if (ret)
		release_memory(rival);
	else
		rival->size = size;
	return ret;
}

static int rival_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct rival *rival = file->private_data;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > rival->size)
		return -EINVAL;
	vma->vm_private_data = rival;
	return rival->way->mmap(rival, vma);
}

static int open_as(struct file *file, const struct rival_way *way)
{
	struct rival *rival = kzalloc(sizeof(*rival), GFP_KERNEL);

	if (!rival)
		return -ENOMEM;
	rival->dev = &card->dev;
	rival->way = way;
	file->private_data = rival;
	return 0;
}

static int open_nopage(struct inode *inode, struct file *file)
{
	return open_as(file, &nopage_way);
}

static int open_blocks(struct inode *inode, struct file *file)
{
	return open_as(file, &blocks_way);
}

static int open_remap(struct inode *inode, struct file *file)
{
	return open_as(file, &remap_way);
}

static int open_coherent(struct inode *inode, struct file *file)
{
	return open_as(file, &coherent_way);
}

static int rival_release(struct inode *inode, struct file *file)
{
	release_memory(file->private_data);
	kfree(file->private_data);
	return 0;
}

#define RIVAL_FOPS(_open) {				\
	.owner = THIS_MODULE,				\
	.open = _open,					\
	.release = rival_release,			\
	.unlocked_ioctl = rival_ioctl,			\
	.mmap = rival_mmap,				\
}

static const struct file_operations fops[] = {
	RIVAL_FOPS(open_nopage),
	RIVAL_FOPS(open_blocks),
	RIVAL_FOPS(open_remap),
	RIVAL_FOPS(open_coherent),
};

static struct miscdevice nodes[] = {
	{ MISC_DYNAMIC_MINOR, "rival-2006", &fops[0] },
	{ MISC_DYNAMIC_MINOR, "rival-blocks", &fops[1] },
	{ MISC_DYNAMIC_MINOR, "rival-remap", &fops[2] },
	{ MISC_DYNAMIC_MINOR, "rival-coherent", &fops[3] },
};

static void remove_nodes(unsigned int nr)
{
	while (nr)
		misc_deregister(&nodes[--nr]);
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	unsigned int i;
	int ret;

	if (card)
		return -EBUSY;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	card = pdev;
	for (i = 0; !ret && i < ARRAY_SIZE(nodes); i++)
		ret = misc_register(&nodes[i]);
	if (!ret)
		return 0;
	remove_nodes(i - 1);
	card = NULL;
	return ret;
}

static void remove(struct pci_dev *pdev)
{
	remove_nodes(ARRAY_SIZE(nodes));
	card = NULL;
}

/* A card is bound to this driver by driver_override, as to pcibuf. */
static struct pci_driver rivals_driver = {
	.name = "rivals",
	.probe = probe,
	.remove = remove,
};

module_pci_driver(rivals_driver);
MODULE_DESCRIPTION("Ways to map DMA memory, to be measured beside pcibuf");
MODULE_LICENSE("GPL");
