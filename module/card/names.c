// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: the names of a card's buffers, and how many buffers the card may have.
 *
 * A buffer has a label or none, an index, and the name of its node. All names of a
 * card are in one tree, sorted as texts: no label looks like an index or like a
 * node, see pcibuf_parse_request(). An entry of the tree is a part of its buffer. So
 * a card with three buffers has a small tree, and to add a name cannot fail.
 */
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/rbtree.h>
#include <linux/string.h>

#include "buffer/buffer.h"
#include "card/card.h"

/*
 * Default of max_buffers on a large machine. Measured with that many buffers: the cost
 * of an allocation is the same as with 16 buffers. One card cannot use up the numbers
 * of the machine: there are 2^20.
 */
#define MAX_BUFFERS	65536

static struct pcibuf_name *look_up(struct pcibuf_card *card, const char *text)
{
	struct rb_node *node = card->names.rb_node;

	lockdep_assert_held(&card->lock);
	while (node) {
		struct pcibuf_name *name =
			rb_entry(node, struct pcibuf_name, node);
		int order = strcmp(text, name->text);

		if (!order)
			return name;
		node = order < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/* Add a name that no buffer of the card has. @text stays valid until it is removed. */
static void add(struct pcibuf_card *card, struct pcibuf_name *name,
		struct pcibuf_buffer *buffer, const char *text)
{
	struct rb_node **link = &card->names.rb_node, *parent = NULL;

	lockdep_assert_held(&card->lock);
	name->text = text;
	name->buffer = buffer;
	while (*link) {
		parent = *link;
		if (strcmp(text, rb_entry(parent, struct pcibuf_name,
					  node)->text) < 0)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&name->node, parent, link);
	rb_insert_color(&name->node, &card->names);
}

/**
 * pcibuf_names_max() - how many buffers a card may have
 * @card: card in any state
 *
 * The default leaves half of the machine's numbers to other cards.
 *
 * Return: number of buffers: max_buffers as root set it, or the default.
 */
unsigned int pcibuf_names_max(struct pcibuf_card *card)
{
	return READ_ONCE(card->max_buffers) ?:
	       clamp(pcibuf_minors_max() / 2, 1U, (unsigned int)MAX_BUFFERS);
}

/**
 * pcibuf_names_reserve() - reserve the label and an index for a buffer
 * @card: card; the caller holds card->lock
 * @buffer: a buffer without an index
 *
 * No other request gets these names while the request is under way. The caller undoes
 * this with pcibuf_names_release().
 *
 * Return: 0, -EEXIST (label in use), -EDQUOT (the card has max_buffers) or -ENOMEM;
 * nothing is reserved then.
 */
int pcibuf_names_reserve(struct pcibuf_card *card, struct pcibuf_buffer *buffer)
{
	struct pcibuf_name *names = buffer->names;
	int index;

	lockdep_assert_held(&card->lock);
	if (look_up(card, buffer->label))
		return -EEXIST;
	if (card->nr_reserved >= pcibuf_names_max(card))
		return -EDQUOT;
	index = ida_alloc(&card->indexes, GFP_KERNEL);
	if (index < 0)
		return index;
	buffer->index = index;
	snprintf(buffer->index_text, sizeof(buffer->index_text), "%d", index);
	add(card, &names[PCIBUF_NAME_INDEX], buffer, buffer->index_text);
	if (*buffer->label)
		add(card, &names[PCIBUF_NAME_LABEL], buffer, buffer->label);
	list_add_tail(&buffer->node, &card->buffers);
	card->nr_reserved++;
	return 0;
}

/**
 * pcibuf_names_add_node() - let the buffer be found by the name of its node
 * @card: card; the caller holds card->lock
 * @buffer: a buffer with reserved names that was just registered
 */
void pcibuf_names_add_node(struct pcibuf_card *card,
			   struct pcibuf_buffer *buffer)
{
	add(card, &buffer->names[PCIBUF_NAME_NODE], buffer,
	    dev_name(&buffer->dev));
}

/**
 * pcibuf_names_release() - undo pcibuf_names_reserve() and pcibuf_names_add_node()
 * @card: card; the caller holds card->lock
 * @buffer: a buffer with reserved names that is not live
 */
void pcibuf_names_release(struct pcibuf_card *card,
			  struct pcibuf_buffer *buffer)
{
	unsigned int i;

	lockdep_assert_held(&card->lock);
	for (i = 0; i < PCIBUF_NR_NAMES; i++)
		if (buffer->names[i].buffer)
			rb_erase(&buffer->names[i].node, &card->names);
	list_del(&buffer->node);
	ida_free(&card->indexes, buffer->index);
	card->nr_reserved--;
}

/**
 * pcibuf_names_find() - find a live buffer
 * @card: card; the caller holds card->lock
 * @text: label, index or pcibufN
 *
 * Return: the buffer; NULL where no live buffer of the card has that name.
 */
struct pcibuf_buffer *pcibuf_names_find(struct pcibuf_card *card,
					const char *text)
{
	struct pcibuf_name *name = look_up(card, text);

	return name && name->buffer->live ? name->buffer : NULL;
}

/**
 * pcibuf_names_any() - find any live buffer
 * @card: card; the caller holds card->lock
 *
 * Return: the buffer; NULL where the card has no live buffer.
 */
struct pcibuf_buffer *pcibuf_names_any(struct pcibuf_card *card)
{
	struct pcibuf_buffer *buffer;

	lockdep_assert_held(&card->lock);
	list_for_each_entry(buffer, &card->buffers, node)
		if (buffer->live)
			return buffer;
	return NULL;
}
