// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests: the files of a card that its group writes, and what they answer.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/sched/signal.h>
#include <linux/sysfs.h>

#include "card/card.h"

/*
 * A write longer than a page arrives in parts, and the first part has the length of
 * a page. Every valid text is shorter than a page. So refuse a text of that length.
 */
static bool too_long(size_t len)
{
	return len >= PAGE_SIZE;
}

/**
 * pcibuf_card_finish() - the answer to a write; record a request that failed
 * @card: card in any state
 * @failure: the request, whose error is 0 if it succeeded
 *
 * Where the machine is about to sleep, the task is frozen on its way out of the kernel,
 * where it looks for a signal, and then calls again.
 *
 * Takes the locks of pcibuf_card_failed().
 *
 * Return: what ->store returns.
 */
ssize_t pcibuf_card_finish(struct pcibuf_card *card,
			   const struct pcibuf_failure *failure)
{
	if (!failure->error)
		return failure->len;
	if (failure->error == -ERESTARTNOINTR)
		set_thread_flag(TIF_SIGPENDING);
	else
		pcibuf_card_failed(card, failure);
	return failure->error;
}

static ssize_t store_alloc(struct device *dev, struct device_attribute *attr,
			   const char *text, size_t len, bool contiguous)
{
	struct pcibuf_card *card = to_card(dev);
	struct pcibuf_alloc_ctx ctx = {
		.pool = &card->pool,
		.contiguous = contiguous,
	};
	struct pcibuf_failure failure = {
		.verb = attr->attr.name,
		.text = text,
		.len = len,
		.error = -EINVAL,
		.bad = PCIBUF_BAD_TEXT,
	};
	struct pcibuf_request request;

	if (too_long(len) ||
	    pcibuf_parse_request(text, len, &request, &failure.bad))
		return pcibuf_card_finish(card, &failure);
	failure.ctx = &ctx;
	failure.error = pcibuf_card_alloc(card, &request, &ctx);
	return pcibuf_card_finish(card, &failure);
}

static ssize_t alloc_store(struct device *dev, struct device_attribute *attr,
			   const char *text, size_t len)
{
	return store_alloc(dev, attr, text, len, true);
}

static struct device_attribute dev_attr_alloc =
	__ATTR(alloc, 0220, NULL, alloc_store);

static ssize_t alloc_sg_store(struct device *dev, struct device_attribute *attr,
			      const char *text, size_t len)
{
	return store_alloc(dev, attr, text, len, false);
}

static struct device_attribute dev_attr_alloc_sg =
	__ATTR(alloc_sg, 0220, NULL, alloc_sg_store);

static ssize_t store_free(struct device *dev, struct device_attribute *attr,
			  const char *text, size_t len, bool force)
{
	struct pcibuf_card *card = to_card(dev);
	struct pcibuf_failure failure = {
		.verb = attr->attr.name,
		.text = text,
		.len = len,
		.error = -EINVAL,
	};
	char name[PCIBUF_LABEL_SIZE];

	if (!too_long(len) && !pcibuf_parse_name(text, len, name))
		failure.error = pcibuf_card_free(card, name, force);
	return pcibuf_card_finish(card, &failure);
}

static ssize_t free_store(struct device *dev, struct device_attribute *attr,
			  const char *text, size_t len)
{
	return store_free(dev, attr, text, len, false);
}

static struct device_attribute dev_attr_free =
	__ATTR(free, 0220, NULL, free_store);

static ssize_t revoke_store(struct device *dev, struct device_attribute *attr,
			    const char *text, size_t len)
{
	return store_free(dev, attr, text, len, true);
}
static DEVICE_ATTR_WO(revoke);

static ssize_t last_error_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct pcibuf_card *card = to_card(dev);
	ssize_t len;

	mutex_lock(&card->lock);
	len = sysfs_emit(buf, "%s\n", card->last_error);
	mutex_unlock(&card->lock);
	return len;
}

static struct device_attribute dev_attr_last_error =
	__ATTR(last_error, 0440, last_error_show, NULL);

/* Attributes that belong to the card's group. */
static struct attribute *user_attrs[] = {
	&dev_attr_alloc.attr,
	&dev_attr_alloc_sg.attr,
	&dev_attr_free.attr,
	&dev_attr_last_error.attr,
	NULL
};

const struct attribute_group pcibuf_user_group = {
	.attrs = user_attrs,
};

/* Root takes buffers from whoever holds them. */
static struct attribute *revoke_attrs[] = {
	&dev_attr_revoke.attr,
	NULL
};

const struct attribute_group pcibuf_revoke_group = {
	.attrs = revoke_attrs,
};
