// SPDX-License-Identifier: GPL-2.0-only
/*
 * Card: its life, from probe to remove.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "card/card.h"

/* Failed requests are logged at most so often per card. */
#define LOG_INTERVAL	(60 * HZ)
#define LOG_BURST	5

static void card_release(struct device *dev)
{
	struct pcibuf_card *card = to_card(dev);

	ratelimit_state_exit(&card->log);
	ida_destroy(&card->indexes);
	kfree(card);
}

static struct class card_class = {
	.name = "pcibuf_card",
};

static const struct device_type card_type = {
	.name = "pcibuf_card",
	.groups = pcibuf_card_groups,
	.release = card_release,
};

/**
 * pcibuf_card_class_init() - register the class
 *
 * Return: 0 or a negative errno.
 */
int pcibuf_card_class_init(void)
{
	return class_register(&card_class);
}

/**
 * pcibuf_card_class_exit() - undo pcibuf_card_class_init(); no card is left
 */
void pcibuf_card_class_exit(void)
{
	class_unregister(&card_class);
}

/**
 * pcibuf_card_add() - make a card appear, without buffers
 * @pdev: PCI device, prepared, not a bus master
 * @setup: what was set up, copied
 *
 * Return: the card, for pcibuf_card_remove(), or an ERR_PTR.
 */
struct pcibuf_card *pcibuf_card_add(struct pci_dev *pdev,
				    const struct pcibuf_pci_setup *setup)
{
	struct pcibuf_card *card;
	int ret;

	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return ERR_PTR(-ENOMEM);
	card->pdev = pdev;
	card->setup = *setup;
	pcibuf_pool_init(&card->pool, &pdev->dev);
	ratelimit_state_init(&card->log, LOG_INTERVAL, LOG_BURST);
	ratelimit_set_flags(&card->log, RATELIMIT_MSG_ON_RELEASE);
	mutex_init(&card->alloc_lock);
	mutex_init(&card->lock);
	INIT_LIST_HEAD(&card->buffers);
	ida_init(&card->indexes);
	card->gid = GLOBAL_ROOT_GID;

	device_initialize(&card->dev);
	card->dev.class = &card_class;
	card->dev.type = &card_type;
	card->dev.parent = &pdev->dev;
	ret = dev_set_name(&card->dev, "%s", pci_name(pdev));
	if (!ret)
		ret = device_add(&card->dev);
	if (ret) {
		put_device(&card->dev);
		return ERR_PTR(ret);
	}
	return card;
}

/**
 * pcibuf_card_remove() - take the card and all its buffers away
 * @card: not valid afterwards
 *
 * The card is stopped before any memory goes, and requests are over before any
 * buffer does: what is left of them after dying was set is waited for.
 */
void pcibuf_card_remove(struct pcibuf_card *card)
{
	pcibuf_card_quiesce(card);
	pcibuf_card_sysfs_drain(card);
	pcibuf_pool_drain(&card->pool);
	while (!pcibuf_card_free(card, NULL, true))
		cond_resched();
	device_del(&card->dev);
	put_device(&card->dev);
}
