// SPDX-License-Identifier: GPL-2.0-only
/*
 * Card: added by probe, removed by remove.
 */
#include <linux/err.h>
#include <linux/pm.h>
#include <linux/slab.h>

#include "card/card.h"

/* At most LOG_BURST failed requests of a card are logged in LOG_INTERVAL jiffies. */
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

static int card_resume(struct device *dev)
{
	pcibuf_irqs_resume(to_card(dev));
	return 0;
}

/*
 * The PCI driver has no power management: the PCI core then stops the device, and saves
 * and restores its configuration, without a change of its power state. With operations in
 * the PCI driver, the core would put the card into D3, and leave bus mastering to the
 * driver. But the core also permits INTx at resume. So this device, a child of the PCI
 * device and therefore resumed after it, has the operations.
 */
static const struct dev_pm_ops card_pm_ops = {
	.resume = card_resume,
	.thaw = card_resume,
	.restore = card_resume,
};

static const struct device_type card_type = {
	.name = "pcibuf_card",
	.groups = pcibuf_card_groups,
	.release = card_release,
	.pm = &card_pm_ops,
};

/**
 * pcibuf_card_class_init() - register the classes pcibuf_irq and pcibuf_card
 *
 * Called once, when the module is loaded.
 *
 * Return: 0 or a negative errno, and nothing is registered.
 */
int pcibuf_card_class_init(void)
{
	int ret;

	ret = pcibuf_irq_class_init();
	if (ret)
		return ret;
	ret = class_register(&card_class);
	if (ret)
		pcibuf_irq_class_exit();
	return ret;
}

/**
 * pcibuf_card_class_exit() - undo pcibuf_card_class_init()
 *
 * Called when the module is unloaded. No card is left.
 */
void pcibuf_card_class_exit(void)
{
	class_unregister(&card_class);
	pcibuf_irq_class_exit();
}

/**
 * pcibuf_card_add() - allocate and register a card without buffers
 * @pdev: PCI device, set up by probe; not a bus master
 * @setup: what probe found and changed; copied into the card
 *
 * The caller holds the device lock of @pdev, as probe does. When this returns, users
 * can write to the card's attributes.
 *
 * Return: the card, which the caller removes with pcibuf_card_remove(); or an
 * ERR_PTR of -ENOMEM or of the errno of device_add().
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
	mutex_init(&card->irq_lock);
	INIT_LIST_HEAD(&card->buffers);
	card->names = RB_ROOT;
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
 * pcibuf_card_remove() - remove a card and all its buffers
 * @card: card in any state; not valid after this
 *
 * The order matters. First stop the card: no memory is released before. Wake tasks that
 * wait for an interrupt. Then wait for requests under way, which give up because the
 * card is dying: no buffer is removed before. Then release the memory in quarantine, and
 * free the buffers. If the card answers that it has not stopped, its memory stays with
 * this structure for good: the card could still write to that memory.
 *
 * The caller holds the device lock of the PCI device, as remove does, and no lock of
 * the driver. Takes card->irq_lock, card->lock and the locks of pcibuf_card_free(). May
 * sleep for long.
 */
void pcibuf_card_remove(struct pcibuf_card *card)
{
	pcibuf_card_quiesce(card);
	pcibuf_card_remove_irqs(card);
	pcibuf_card_sysfs_drain(card);
	pcibuf_card_drain(card);
	while (!pcibuf_card_free(card, NULL, true))
		cond_resched();
	pcibuf_pool_exit(&card->pool);
	device_del(&card->dev);
	if (!pcibuf_pool_quarantined_bytes(&card->pool))
		put_device(&card->dev);
}
