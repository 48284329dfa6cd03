// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: allocate and free the buffers of a card. No other file does so.
 */
#include <linux/err.h>

#include "buffer/buffer.h"
#include "card/card.h"
#include "sync_point.h"

static int reserve_names(struct pcibuf_card *card, struct pcibuf_buffer *buffer)
{
	int ret = -ENODEV;

	mutex_lock(&card->lock);
	if (card->state != PCIBUF_CARD_DYING)
		ret = pcibuf_names_reserve(card, buffer);
	mutex_unlock(&card->lock);
	return ret;
}

/* Undo reserve_names(), and drop the buffer. */
static void release_names(struct pcibuf_card *card, struct pcibuf_buffer *buffer)
{
	mutex_lock(&card->lock);
	pcibuf_names_release(card, buffer);
	mutex_unlock(&card->lock);
	put_device(&buffer->dev);
}

/*
 * Keep card->lock from the registration to the end: a free that comes as soon as the
 * link exists then waits, and finds a complete buffer.
 */
static int make_live(struct pcibuf_card *card, struct pcibuf_buffer *buffer)
{
	int ret = -ENODEV;

	mutex_lock(&card->lock);
	if (card->state == PCIBUF_CARD_DYING)
		goto unlock;
	buffer->gid = card->gid;
	pcibuf_bus_master_get(card);
	ret = pcibuf_buffer_register(buffer);
	if (ret) {
		pcibuf_bus_master_put(card);
		goto unlock;
	}
	pcibuf_names_add_node(card, buffer);
	card->nr_buffers++;
	buffer->live = true;
unlock:
	mutex_unlock(&card->lock);
	return ret;
}

/* Called under card->alloc_lock. */
static int alloc_buffer(struct pcibuf_card *card, struct pcibuf_buffer *buffer,
			struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_memory *memory;
	int ret;

	memory = pcibuf_memory_alloc(ctx);
	if (IS_ERR(memory))
		return PTR_ERR(memory);
	buffer->memory = memory;
	pcibuf_sync_point(PCIBUF_SYNC_ALLOC);
	ret = make_live(card, buffer);
	if (ret) {
		/* The node may have existed for a moment, and a file may be open. */
		pcibuf_buffer_mark_dead(buffer, true);
		pcibuf_memory_retire(pcibuf_buffer_detach_memory(buffer));
	}
	return ret;
}

/**
 * pcibuf_card_alloc() - allocate a buffer
 * @card: card in any state
 * @request: size in bytes, label and alignment
 * @ctx: allocation context; the caller sets its pool and whether the buffer is
 *	contiguous. This function sets its size and alignment in bytes, and
 *	pcibuf_memory_alloc() its outcome, which stays %PCIBUF_DONE where the request
 *	fails elsewhere
 *
 * When this returns 0 the directory, the attributes, the node and the link of the
 * buffer exist.
 *
 * Takes card->alloc_lock for the whole allocation, card->lock, and the locks of
 * pcibuf_memory_alloc() and of pcibuf_buffer_detach_memory(). So the caller holds
 * none of them, and not the mmap_lock. May sleep for long. A fatal signal ends the
 * allocation, and so does the removal of the card.
 *
 * Return: 0; or a negative errno, and nothing has changed: -EINVAL (@request->size
 * is too large to round up to pages), -EEXIST (label in use), -EDQUOT (over a
 * quota, or the card has max_buffers), -ENOMEM, -ENOSPC (no minor number left),
 * -EINTR (fatal signal), -ENODEV (the card is dying) or -ERESTARTNOINTR (the machine is
 * about to sleep).
 */
int pcibuf_card_alloc(struct pcibuf_card *card,
		      const struct pcibuf_request *request,
		      struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_buffer *buffer;
	int ret;

	if (request->size > round_down(S64_MAX, PAGE_SIZE))
		return -EINVAL;
	ctx->size = PAGE_ALIGN(request->size);
	ctx->align = max_t(u64, request->align, PAGE_SIZE);
	buffer = pcibuf_buffer_new(&card->dev, ctx->size, request->label);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	ret = reserve_names(card, buffer);
	if (ret) {
		put_device(&buffer->dev);
		return ret;
	}
	ret = mutex_lock_killable(&card->alloc_lock);
	if (!ret) {
		ret = alloc_buffer(card, buffer, ctx);
		mutex_unlock(&card->alloc_lock);
	}
	if (ret)
		release_names(card, buffer);
	return ret;
}

/*
 * Mark a buffer dead and return it. Only one caller gets a buffer, and that caller
 * removes the buffer.
 */
static struct pcibuf_buffer *take_for_removal(struct pcibuf_card *card,
					      const char *name, bool force)
{
	struct pcibuf_buffer *buffer;
	int ret = -ENOENT;

	mutex_lock(&card->lock);
	buffer = name ? pcibuf_names_find(card, name) : pcibuf_names_any(card);
	if (buffer)
		ret = pcibuf_buffer_mark_dead(buffer, force);
	if (!ret) {
		buffer->live = false;
		card->nr_buffers--;
	}
	mutex_unlock(&card->lock);
	return ret ? ERR_PTR(ret) : buffer;
}

/**
 * pcibuf_card_free() - free a buffer
 * @card: card in any state
 * @name: label, index or pcibufN of one of the card's buffers; NULL for any buffer
 * @force: revoke the buffer if a file is open
 *
 * When this returns 0 the directory, the node and the link of the buffer are gone.
 * The memory is released, or in quarantine.
 *
 * Takes card->lock, buffer->lock and pool->lock, and waits for the mmap_lock of
 * processes that mapped the buffer. So the caller holds none of them. May sleep for
 * long.
 *
 * Return: 0, -ENOENT where the card has no such buffer, or -EBUSY where a file is
 * open and @force is false.
 */
int pcibuf_card_free(struct pcibuf_card *card, const char *name, bool force)
{
	struct pcibuf_buffer *buffer = take_for_removal(card, name, force);
	struct pcibuf_memory *memory;

	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	pcibuf_sync_point(PCIBUF_SYNC_FREE);
	memory = pcibuf_buffer_detach_memory(buffer);
	mutex_lock(&card->lock);
	pcibuf_bus_master_put(card);
	mutex_unlock(&card->lock);
	pcibuf_memory_retire(memory);
	pcibuf_buffer_unregister(buffer);
	release_names(card, buffer);
	return 0;
}
