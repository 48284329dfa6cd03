// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a buffer: who uses its memory meanwhile, and how it is taken away.
 */
#include <linux/mm.h>

#include "buffer/buffer.h"

/**
 * pcibuf_buffer_mark_dead() - from here on nothing finds it alive
 * @buffer: alive
 * @force: also when it is open
 *
 * Return: 0, or -EBUSY where a file is open and @force is not given.
 */
int pcibuf_buffer_mark_dead(struct pcibuf_buffer *buffer, bool force)
{
	int ret = 0;

	down_write(&buffer->lock);
	if (buffer->open_count && !force)
		ret = -EBUSY;
	else
		WRITE_ONCE(buffer->dead, true);
	up_write(&buffer->lock);
	return ret;
}

/**
 * pcibuf_buffer_detach_memory() - take all mappings away, and then the memory
 * @buffer: dead
 *
 * In this order, after it was marked dead: wait for those who found it alive,
 * and only then remove what they mapped. May wait for the mmap_lock of others.
 *
 * Return: the memory, which belongs to the caller.
 */
struct pcibuf_memory *pcibuf_buffer_detach_memory(struct pcibuf_buffer *buffer)
{
	struct pcibuf_memory *memory = buffer->memory;

	memory->ops->wait_idle(memory);
	unmap_mapping_range(buffer->inode->i_mapping, 0, 0, 1);

	down_write(&buffer->lock);
	buffer->memory = NULL;
	up_write(&buffer->lock);
	return memory;
}

/**
 * pcibuf_buffer_enter() - begin to use a buffer's memory
 * @buffer: any
 *
 * Return: 0, and then pcibuf_buffer_exit() is due and must not wait for a
 * fault, or -ENODEV.
 */
int pcibuf_buffer_enter(struct pcibuf_buffer *buffer)
{
	down_read(&buffer->lock);
	if (!buffer->dead)
		return 0;
	up_read(&buffer->lock);
	return -ENODEV;
}

/**
 * pcibuf_buffer_exit() - end what pcibuf_buffer_enter() began
 * @buffer: the same
 */
void pcibuf_buffer_exit(struct pcibuf_buffer *buffer)
{
	up_read(&buffer->lock);
}
