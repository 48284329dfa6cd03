// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pseudo filesystem, never mounted by anybody, that gives each buffer an
 * inode: the mappings of a buffer are found through it. The inode of the node
 * in /dev would not do, since any number of nodes can name one device.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "buffer/buffer.h"

#define PCIBUF_FS_MAGIC	0x70636962	/* "pcib" */

static struct vfsmount *mount;

static int init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, PCIBUF_FS_MAGIC) ? 0 : -ENOMEM;
}

/*
 * No owner: the kernel's own mount would hold the module for ever. Files hold
 * it, and so the inodes behind them, through their cdev.
 */
static struct file_system_type fs_type = {
	.name = "pcibuf",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

/**
 * pcibuf_fs_init() - mount the filesystem
 *
 * Return: 0 or what kern_mount() failed of.
 */
int pcibuf_fs_init(void)
{
	mount = kern_mount(&fs_type);
	return PTR_ERR_OR_ZERO(mount);
}

/**
 * pcibuf_fs_exit() - unmount it; all inodes are gone
 */
void pcibuf_fs_exit(void)
{
	kern_unmount(mount);
}

/**
 * pcibuf_fs_inode() - an inode for one buffer
 * @size: of the buffer; the memory manager maps nothing beyond it
 *
 * Return: an inode, to be given to iput(), or an ERR_PTR.
 */
struct inode *pcibuf_fs_inode(u64 size)
{
	struct inode *inode = alloc_anon_inode(mount->mnt_sb);

	if (!IS_ERR(inode))
		i_size_write(inode, size);
	return inode;
}
