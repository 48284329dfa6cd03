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
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "buffer/buffer.h"

#define PCIBUF_FS_MAGIC	0x70636962	/* "pcib" */

static struct vfsmount *mount;

/*
 * The kernel's own cache of inodes charges the memory cgroup of the caller without
 * __GFP_NORETRY: a small cgroup that is full would be given to the OOM killer.
 */
static struct kmem_cache *inodes;

static struct inode *inode_alloc(struct super_block *sb)
{
	return kmem_cache_alloc(inodes, PCIBUF_GFP);
}

static void inode_free(struct inode *inode)
{
	kmem_cache_free(inodes, inode);
}

static const struct super_operations super_ops = {
	.alloc_inode = inode_alloc,
	.free_inode = inode_free,
	.statfs = simple_statfs,
};

static int init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, PCIBUF_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &super_ops;
	return 0;
}

static void init_once(void *inode)
{
	inode_init_once(inode);
}

/*
 * No .owner: the driver's own mount would hold the module for ever. An open file
 * holds the module through the character device of the nodes. So the module outlives
 * the inode of an open file.
 */
static struct file_system_type fs_type = {
	.name = "pcibuf",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

/* The kernel frees an inode after a grace period. */
static void destroy_inodes(void)
{
	rcu_barrier();
	kmem_cache_destroy(inodes);
}

/**
 * pcibuf_fs_init() - mount the filesystem, inside the kernel only
 *
 * Called once, when the module is loaded.
 *
 * Return: 0, -ENOMEM, or the negative errno of kern_mount().
 */
int pcibuf_fs_init(void)
{
	inodes = kmem_cache_create("pcibuf_inode", sizeof(struct inode), 0, 0,
				   init_once);
	if (!inodes)
		return -ENOMEM;
	mount = kern_mount(&fs_type);
	if (IS_ERR(mount))
		destroy_inodes();
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
	destroy_inodes();
}

/**
 * pcibuf_fs_inode() - allocate the inode of a buffer
 * @size: size of the buffer in bytes; the memory manager maps nothing beyond it
 *
 * Takes no lock of the driver. May sleep, but not for long. The inode is charged to the
 * memory cgroup of the caller.
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
