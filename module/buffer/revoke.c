// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revoke: how a buffer is marked dead, how its memory is detached, and how users of
 * the memory enter and exit.
 */
#include <linux/mm.h>
#include <linux/poll.h>

#include "buffer/buffer.h"

/**
 * pcibuf_buffer_mark_dead() - make every new use of a buffer fail
 * @buffer: a buffer that is alive
 * @force: mark the buffer dead even if a file is open
 *
 * Takes buffer->lock for writing; the caller may hold card->lock. So every user that
 * entered has exited when this returns. The wait is not long: no user of the memory
 * may fault under the lock.
 *
 * Return: 0; or -EBUSY where a file is open and @force is false, and the buffer
 * stays alive.
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
	if (!ret)
		wake_up_poll(&buffer->wait, EPOLLERR | EPOLLHUP);
	return ret;
}

/**
 * pcibuf_buffer_detach_memory() - remove all mappings of a buffer, and take its
 *	memory
 * @buffer: a buffer that is marked dead
 *
 * The order matters: after the buffer was marked dead, wait for every fault and
 * every mmap that found the buffer alive, and only then remove the mappings.
 *
 * Takes buffer->lock, and waits for page locks and for the mmap_lock of other
 * processes. So the caller holds neither buffer->lock nor card->lock. May sleep for
 * long.
 *
 * Return: the memory, which belongs to the caller now.
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
 * pcibuf_buffer_enter() - begin to use the memory of a buffer
 * @buffer: a buffer, alive or dead
 *
 * On success the caller holds buffer->lock for reading: the buffer stays alive, and
 * keeps its memory, until pcibuf_buffer_exit(). Until then the caller must not touch
 * user memory, because a page fault takes buffer->lock inside the mmap_lock.
 *
 * Return: 0, and the caller calls pcibuf_buffer_exit(); or -ENODEV where the buffer
 * is dead.
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
 * pcibuf_buffer_exit() - end the use of the memory of a buffer
 * @buffer: the buffer that the caller entered
 *
 * Drops buffer->lock.
 */
void pcibuf_buffer_exit(struct pcibuf_buffer *buffer)
{
	up_read(&buffer->lock);
}
