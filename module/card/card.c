// SPDX-License-Identifier: GPL-2.0-only
/*
 * Card: its life, from probe to remove.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "card/bus.h"
#include "card/card.h"

/* Failed requests are logged at most so often per card. */
#define LOG_INTERVAL	(60 * HZ)
#define LOG_BURST	5

static void card_release(struct device *dev)
{
	struct pcibuf_card *card = to_card(dev);

	kfree(card->saved);
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
 * pcibuf_card_init() - register the class
 *
 * Return: 0 or a negative errno.
 */
int pcibuf_card_init(void)
{
	return class_register(&card_class);
}

/**
 * pcibuf_card_exit() - undo pcibuf_card_init(); no card is left
 */
void pcibuf_card_exit(void)
{
	class_unregister(&card_class);
}

/**
 * pcibuf_card_add() - make a card appear, without buffers
 * @pdev: enabled, not a bus master
 *
 * Return: the card, for pcibuf_card_remove(), or an ERR_PTR.
 */
struct pcibuf_card *pcibuf_card_add(struct pci_dev *pdev)
{
	struct pcibuf_card *card;
	int ret;

	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return ERR_PTR(-ENOMEM);
	card->pdev = pdev;
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
 * pcibuf_card_set_mask() - set how many address bits the card can drive
 * @card: any
 * @bits: 24 to 64
 *
 * Return: 0, -EINVAL for what the platform cannot give, -EBUSY while there are
 * buffers, those being made included, or -ENODEV.
 */
int pcibuf_card_set_mask(struct pcibuf_card *card, unsigned int bits)
{
	int ret = 0;

	if (bits < 24 || bits > 64)
		return -EINVAL;
	mutex_lock(&card->lock);
	if (card->pool.dying)
		ret = -ENODEV;
	else if (!list_empty(&card->buffers))
		ret = -EBUSY;
	else if (dma_set_mask_and_coherent(&card->pdev->dev,
					   DMA_BIT_MASK(bits)))
		ret = -EINVAL;
	mutex_unlock(&card->lock);
	return ret;
}

/**
 * pcibuf_card_failed() - remember and log a failed request
 * @card: any
 * @failure: what failed
 *
 * Only what a person has to look into is logged, and none of it often: anybody
 * in the group can make a request fail.
 */
void pcibuf_card_failed(struct pcibuf_card *card,
			const struct pcibuf_failure *failure)
{
	mutex_lock(&card->lock);
	pcibuf_why(failure, card->last_error);
	if (failure->error == -ENOMEM && __ratelimit(&card->log))
		dev_notice(&card->dev, "%s\n", card->last_error);
	mutex_unlock(&card->lock);
}

/**
 * pcibuf_card_quiesce() - stop the card, and make no more buffers
 * @card: any
 *
 * For shutdown and kexec, whose next kernel must not be written to.
 */
void pcibuf_card_quiesce(struct pcibuf_card *card)
{
	mutex_lock(&card->lock);
	WRITE_ONCE(card->pool.dying, true);
	pcibuf_bus_stop(card->pdev);
	mutex_unlock(&card->lock);
}

/**
 * pcibuf_card_pause() - before a reset: no bus master until pcibuf_card_rearm()
 * @card: any
 *
 * The PCI core restores after the reset what it finds now. If the last buffer went
 * meanwhile, that must not make the card a bus master again.
 */
void pcibuf_card_pause(struct pcibuf_card *card)
{
	mutex_lock(&card->lock);
	card->paused = true;
	pcibuf_bus_stop(card->pdev);
	mutex_unlock(&card->lock);
}

/**
 * pcibuf_card_rearm() - after a reset: bus master again if it has buffers
 * @card: any
 */
void pcibuf_card_rearm(struct pcibuf_card *card)
{
	mutex_lock(&card->lock);
	card->paused = false;
	if (card->nr_active && !card->pool.dying)
		pcibuf_bus_start(card->pdev);
	else
		pcibuf_bus_stop(card->pdev);
	mutex_unlock(&card->lock);
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
