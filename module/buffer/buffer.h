/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffer: memory with a name, a node and a life.
 *
 * Its structure is freed by the release of its device, which its children in
 * sysfs, its open files (through the cdev) and its card's list hold. Its memory
 * goes earlier: when it is freed or revoked.
 */
#ifndef PCIBUF_BUFFER_H
#define PCIBUF_BUFFER_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/rwsem.h>

#include "memory/memory.h"

/**
 * struct pcibuf_buffer - one buffer
 * @dev: class device, named pcibufN; its release frees this structure
 * @cdev: of /dev/pcibufN; open files hold it, and it holds @dev
 * @card: class device of the card, a reference held until release
 * @inode: of our pseudo filesystem: its mapping is the file's, so that all
 *	mappings of this buffer are found whatever node they were opened by
 * @id: never used twice
 * @size: bytes, whole pages
 * @label: empty where it has none
 * @index: lowest free number on the card when it was made
 * @gid: group that owns its node and addresses
 * @node: on card->buffers; under card->lock
 * @live: complete, and nobody has begun to take it down; under card->lock
 * @lock: protects what follows. Inside mmap_lock, as faults take it; so nothing
 *	that may fault is done under it
 * @dead: freed or revoked: faults get SIGBUS, calls ENODEV. Set once; a fault
 *	looks at it a second time without @lock, see map.c
 * @open_count: open files
 * @memory: what it is made of; gone soon after @dead was set
 */
struct pcibuf_buffer {
	struct device dev;
	struct cdev cdev;
	struct device *card;
	struct inode *inode;
	u64 id;
	u64 size;
	char label[PCIBUF_LABEL_SIZE];
	unsigned int index;
	kgid_t gid;

	struct list_head node;
	bool live;

	struct rw_semaphore lock;
	bool dead;
	unsigned int open_count;
	struct pcibuf_memory *memory;
};

int pcibuf_buffer_class_init(void);
void pcibuf_buffer_class_exit(void);

struct pcibuf_buffer *pcibuf_buffer_new(struct device *card, u64 size,
					const char *label);
int pcibuf_buffer_register(struct pcibuf_buffer *buffer);
void pcibuf_buffer_unregister(struct pcibuf_buffer *buffer);
const char *pcibuf_buffer_link(struct pcibuf_buffer *buffer, char text[12]);

/* revoke.c */
int pcibuf_buffer_mark_dead(struct pcibuf_buffer *buffer, bool force);
struct pcibuf_memory *pcibuf_buffer_detach_memory(struct pcibuf_buffer *buffer);
/* The buffer is alive, and stays so until pcibuf_buffer_exit(); or -ENODEV. */
int pcibuf_buffer_enter(struct pcibuf_buffer *buffer);
void pcibuf_buffer_exit(struct pcibuf_buffer *buffer);

/* buffer_sysfs.c */
extern const struct attribute_group *pcibuf_buffer_groups[];
int pcibuf_buffer_sysfs_own(struct pcibuf_buffer *buffer);
/* Name of the directory of links in the card's directory, card_sysfs.c. */
#define PCIBUF_LINKS	"buffers"

/* file.c */
extern const struct file_operations pcibuf_fops;

/* map.c */
int pcibuf_map(struct pcibuf_buffer *buffer, struct vm_area_struct *vma);

/* fs.c */
int pcibuf_fs_init(void);
void pcibuf_fs_exit(void);
struct inode *pcibuf_fs_inode(u64 size);

#endif /* PCIBUF_BUFFER_H */
