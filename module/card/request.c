// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: the buffers of a card are made and taken down here, and nowhere
 * else.
 */
#include <linux/err.h>
#include <linux/string.h>

#include "buffer/buffer.h"
#include "card/card.h"
#include "sync_point.h"

static bool label_taken(struct pcibuf_card *card, const char *label)
{
	struct pcibuf_buffer *buffer;

	list_for_each_entry(buffer, &card->buffers, node)
		if (*label && !strcmp(buffer->label, label))
			return true;
	return false;
}

/* Takes the label and an index, so that nobody else gets them meanwhile. */
static int reserve_name(struct pcibuf_card *card, struct pcibuf_buffer *buffer)
{
	int index, ret = 0;

	mutex_lock(&card->lock);
	if (card->state == PCIBUF_CARD_DYING) {
		ret = -ENODEV;
		goto unlock;
	}
	if (label_taken(card, buffer->label)) {
		ret = -EEXIST;
		goto unlock;
	}
	index = ida_alloc(&card->indexes, GFP_KERNEL);
	if (index < 0) {
		ret = index;
		goto unlock;
	}
	buffer->index = index;
	list_add_tail(&buffer->node, &card->buffers);
unlock:
	mutex_unlock(&card->lock);
	return ret;
}

static void release_name(struct pcibuf_card *card, struct pcibuf_buffer *buffer)
{
	mutex_lock(&card->lock);
	list_del(&buffer->node);
	ida_free(&card->indexes, buffer->index);
	mutex_unlock(&card->lock);
	put_device(&buffer->dev);
}

/*
 * Published under the lock: a free that comes between the link and the end of
 * this finds the buffer, and finds it complete.
 */
static int bring_up(struct pcibuf_card *card, struct pcibuf_buffer *buffer)
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
	card->nr_buffers++;
	buffer->live = true;
unlock:
	mutex_unlock(&card->lock);
	return ret;
}

static int make(struct pcibuf_card *card, struct pcibuf_buffer *buffer,
		struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_memory *memory;
	int ret;

	memory = pcibuf_memory_alloc(ctx);
	if (IS_ERR(memory))
		return PTR_ERR(memory);
	buffer->memory = memory;
	pcibuf_sync_point(PCIBUF_SYNC_ALLOC);
	ret = bring_up(card, buffer);
	if (ret) {
		/* Its node may have been there for a moment, and be open. */
		pcibuf_buffer_mark_dead(buffer, true);
		pcibuf_memory_retire(pcibuf_buffer_detach_memory(buffer));
	}
	return ret;
}

/**
 * pcibuf_card_alloc() - make a buffer
 * @card: any
 * @request: size and label
 * @ctx: kind; its size is set here, its limit on failure
 *
 * When this returns 0 the buffer's directory, attributes, node and link are
 * there.
 *
 * Return: 0, -EINVAL (too large to be rounded up), -EEXIST, -EDQUOT, -ENOMEM,
 * -ENOSPC, -EINTR or -ENODEV; nothing has changed then.
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
	buffer = pcibuf_buffer_new(&card->dev, ctx->size, request->label);
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	ret = reserve_name(card, buffer);
	if (ret) {
		put_device(&buffer->dev);
		return ret;
	}
	ret = mutex_lock_killable(&card->alloc_lock);
	if (!ret) {
		ret = make(card, buffer, ctx);
		mutex_unlock(&card->alloc_lock);
	}
	if (ret)
		release_name(card, buffer);
	return ret;
}

static bool is_named(struct pcibuf_buffer *buffer, const char *name)
{
	char index[12];

	snprintf(index, sizeof(index), "%u", buffer->index);
	return !strcmp(name, dev_name(&buffer->dev)) || !strcmp(name, index) ||
	       (*buffer->label && !strcmp(name, buffer->label));
}

static struct pcibuf_buffer *find(struct pcibuf_card *card, const char *name)
{
	struct pcibuf_buffer *buffer;

	lockdep_assert_held(&card->lock);
	list_for_each_entry(buffer, &card->buffers, node)
		if (buffer->live && (!name || is_named(buffer, name)))
			return buffer;
	return NULL;
}

/* Whoever gets a buffer from here is the one who takes it down. */
static struct pcibuf_buffer *take_for_removal(struct pcibuf_card *card,
					      const char *name, bool force)
{
	struct pcibuf_buffer *buffer;
	int ret = -ENOENT;

	mutex_lock(&card->lock);
	buffer = find(card, name);
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
 * pcibuf_card_free() - take a buffer down
 * @card: any
 * @name: label, index or pcibufN of one of its buffers; NULL for any of them
 * @force: also when it is open: revoke it
 *
 * Return: 0, -ENOENT where the card has no such buffer, -EBUSY where it is open
 * and @force is not given.
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
	release_name(card, buffer);
	return 0;
}
