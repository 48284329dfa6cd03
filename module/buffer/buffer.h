/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffer: memory of a card with a name and a node /dev/pcibufN.
 *
 * The release of the device frees struct pcibuf_buffer. The buffer's children in
 * sysfs, its open files and the card's list of buffers each hold the device. The
 * memory of the buffer goes earlier: when the buffer is freed or revoked.
 */
#ifndef PCIBUF_BUFFER_H
#define PCIBUF_BUFFER_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/wait.h>

#include "memory/memory.h"
#include "minors.h"

/**
 * enum pcibuf_names - the names of a buffer
 * @PCIBUF_NAME_LABEL: label
 * @PCIBUF_NAME_INDEX: index as text
 * @PCIBUF_NAME_NODE: name of the node and of the device, pcibufN
 * @PCIBUF_NR_NAMES: how many there are
 */
enum pcibuf_names {
	PCIBUF_NAME_LABEL,
	PCIBUF_NAME_INDEX,
	PCIBUF_NAME_NODE,
	PCIBUF_NR_NAMES
};

/**
 * struct pcibuf_name - a name of a buffer
 * @node: entry of card->names
 * @text: the name, terminated; a part of the buffer
 * @buffer: the buffer; NULL where the buffer has no such name
 */
struct pcibuf_name {
	struct rb_node node;
	const char *text;
	struct pcibuf_buffer *buffer;
};

/**
 * struct pcibuf_buffer - one buffer
 * @dev: class device, named pcibufN. Its release frees this structure. Each open file
 *	holds a reference
 * @minor: node of @dev
 * @card: class device of the card. The buffer holds a reference until its release
 * @inode: inode of the driver's pseudo filesystem. Every open file uses the mapping
 *	of @inode, so that all mappings of the buffer are found, whatever device node
 *	a program opened
 * @id: number of the buffer, never used twice
 * @size: bytes, whole pages
 * @label: label; empty where the buffer has none
 * @index: lowest number that was free on the card when the buffer was allocated
 * @index_text: @index as text
 * @gid: group that owns the node and the attributes with addresses
 * @wait: tasks that poll the node; woken when the buffer is dead
 * @node: entry of card->buffers; under card->lock
 * @names: entries of card->names; under card->lock
 * @live: the buffer is complete, and nobody has begun to remove it; under card->lock
 * @lock: protects the fields that follow. Page faults take it inside the mmap_lock.
 *	So code that may fault must not run under @lock
 * @dead: the buffer was freed or revoked: a fault gets SIGBUS, a call gets ENODEV.
 *	Set once. A fault reads @dead a second time without @lock, see map.c
 * @open_count: number of open files
 * @memory: memory of the buffer; NULL soon after @dead was set
 */
struct pcibuf_buffer {
	struct device dev;
	struct pcibuf_minor minor;
	struct device *card;
	struct inode *inode;
	u64 id;
	u64 size;
	char label[PCIBUF_LABEL_SIZE];
	unsigned int index;
	char index_text[12];
	kgid_t gid;
	wait_queue_head_t wait;

	struct list_head node;
	struct pcibuf_name names[PCIBUF_NR_NAMES];
	bool live;

	struct rw_semaphore lock;
	bool dead;
	unsigned int open_count;
	struct pcibuf_memory *memory;
};

/* buffer.c */
int pcibuf_buffer_class_init(void);
void pcibuf_buffer_class_exit(void);

struct pcibuf_buffer *pcibuf_buffer_new(struct device *card, u64 size,
					const char *label);
int pcibuf_buffer_register(struct pcibuf_buffer *buffer);
void pcibuf_buffer_unregister(struct pcibuf_buffer *buffer);

/* revoke.c */
int pcibuf_buffer_mark_dead(struct pcibuf_buffer *buffer, bool force);
struct pcibuf_memory *pcibuf_buffer_detach_memory(struct pcibuf_buffer *buffer);
int pcibuf_buffer_enter(struct pcibuf_buffer *buffer);
void pcibuf_buffer_exit(struct pcibuf_buffer *buffer);

/* buffer_sysfs.c */
extern const struct attribute_group *pcibuf_buffer_groups[];
int pcibuf_buffer_sysfs_own(struct pcibuf_buffer *buffer);
/* Directory of links to the buffers, in the card's directory; see card_sysfs.c. */
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
