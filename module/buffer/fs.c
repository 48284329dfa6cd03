// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pseudo filesystem: it gives each buffer an inode. The driver finds all mappings of
 * a buffer through this inode. The inode of the node in /dev does not do for that:
 * any number of nodes can name one device. No user can mount this filesystem.
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
 * No .owner: the driver's own mount would hold the module for ever. An open file
 * holds the module through its cdev. So the module outlives the inode of an open
 * file.
 */
static struct file_system_type fs_type = {
	.name = "pcibuf",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

/**
 * pcibuf_fs_init() - mount the filesystem, inside the kernel only
 *
 * Called once, when the module is loaded.
 *
 * Return: 0, or the negative errno of kern_mount().
 */
int pcibuf_fs_init(void)
{
	mount = kern_mount(&fs_type);
	return PTR_ERR_OR_ZERO(mount);
}

/**
 * pcibuf_fs_exit() - undo pcibuf_fs_init()
 *
 * Called when the module is unloaded. No inode is left.
 */
void pcibuf_fs_exit(void)
{
	kern_unmount(mount);
}

/**
 * pcibuf_fs_inode() - allocate the inode of a buffer
 * @size: size of the buffer in bytes; the memory manager maps nothing beyond it
 *
 * Takes no lock of the driver. May sleep, but not for long.
 *
 * Return: an inode, which the caller drops with iput(), or an ERR_PTR.
 */
struct inode *pcibuf_fs_inode(u64 size)
{
	struct inode *inode = alloc_anon_inode(mount->mnt_sb);

	if (!IS_ERR(inode))
		i_size_write(inode, size);
	return inode;
}
