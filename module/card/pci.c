// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI driver. It has no table of ids: a card is given to it, by
 * driver_override, new_id or the module parameter ids.
 *
 * It claims no BAR, so that resourceN stays mappable, and has no power
 * management of its own: the PCI core saves and restores bus mastering. What the core
 * does not restore, the card's own device does; see card_pm_ops in card.c.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "card/card.h"

/* One range of bus addresses may be of any length. */
static int set_up_dma(struct pci_dev *pdev)
{
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	dma_set_seg_boundary(&pdev->dev, ULONG_MAX);
	return dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
}

/* Back to what the PCI core gives a device that nobody has changed (pci/probe.c). */
static void reset_dma(struct pci_dev *pdev)
{
	dma_set_max_seg_size(&pdev->dev, SZ_64K);
	dma_set_seg_boundary(&pdev->dev, DMA_BIT_MASK(32));
	dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
}

/* PCIe 6.0, 7.9.3: Device Serial Number. Some cards have one that is not set. */
static u64 read_serial(struct pci_dev *pdev)
{
	u64 serial = pci_get_dsn(pdev);

	return serial == U64_MAX ? 0 : serial;
}

/*
 * The saved configuration is kept apart from what the PCI core saves, which a function
 * reset uses up.
 */
static int save_config(struct pci_dev *pdev, struct pcibuf_pci_setup *setup)
{
	pci_save_state(pdev);
	setup->config = pci_store_saved_state(pdev);
	pcibuf_recover_note(pdev, setup);
	return setup->config ? 0 : -ENOMEM;
}

/*
 * A card that writes without snooping would make what the CPU sees wrong on x86 too,
 * so clear the PCIe bit that permits it.
 */
static void forbid_no_snoop(struct pci_dev *pdev, struct pcibuf_pci_setup *setup)
{
	u16 control = 0;

	pcie_capability_read_word(pdev, PCI_EXP_DEVCTL, &control);
	setup->no_snoop = control & PCI_EXP_DEVCTL_NOSNOOP_EN;
	if (setup->no_snoop)
		pcie_capability_clear_word(pdev, PCI_EXP_DEVCTL,
					   PCI_EXP_DEVCTL_NOSNOOP_EN);
}

static void permit_no_snoop(struct pci_dev *pdev,
			    const struct pcibuf_pci_setup *setup)
{
	if (setup->no_snoop)
		pcie_capability_set_word(pdev, PCI_EXP_DEVCTL,
					 PCI_EXP_DEVCTL_NOSNOOP_EN);
}

/*
 * Enabling a device permits INTx, so look first. Nobody handles INTx until a program opens
 * the node of an interrupt.
 */
static int enable_device(struct pci_dev *pdev, struct pcibuf_pci_setup *setup)
{
	u16 command;
	int ret;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	setup->intx = !(command & PCI_COMMAND_INTX_DISABLE);
	ret = pci_enable_device_mem(pdev);
	if (!ret)
		pcibuf_command_set_intx(pdev, false);
	return ret;
}

static void disable_device(struct pci_dev *pdev,
			   const struct pcibuf_pci_setup *setup)
{
	pci_disable_device(pdev);
	pcibuf_command_set_intx(pdev, setup->intx);
}

/*
 * Set the device up before there is a card that could be given a buffer, and be a bus
 * master. A bridge is refused: without bus mastering it cuts off all that is behind it.
 */
static int prepare_device(struct pci_dev *pdev, struct pcibuf_pci_setup *setup)
{
	int ret;

	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL) {
		pci_err(pdev, "not a card: a bridge cannot be bound\n");
		return -EINVAL;
	}
	ret = enable_device(pdev, setup);
	if (ret)
		return ret;
	pcibuf_clear_master(pdev);
	forbid_no_snoop(pdev, setup);
	setup->serial = read_serial(pdev);
	ret = set_up_dma(pdev);
	if (!ret)
		ret = save_config(pdev, setup);
	if (ret)
		goto err_disable;
	return 0;

err_disable:
	reset_dma(pdev);
	permit_no_snoop(pdev, setup);
	disable_device(pdev, setup);
	return ret;
}

/* The exact inverse of prepare_device(). */
static void unprepare_device(struct pci_dev *pdev,
			     const struct pcibuf_pci_setup *setup)
{
	kfree(setup->config);
	reset_dma(pdev);
	permit_no_snoop(pdev, setup);
	disable_device(pdev, setup);
}

static int pcibuf_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct pcibuf_pci_setup setup = { };
	struct pcibuf_card *card;
	int ret;

	ret = prepare_device(pdev, &setup);
	if (ret)
		return ret;
	card = pcibuf_card_add(pdev, &setup);
	if (IS_ERR(card)) {
		unprepare_device(pdev, &setup);
		return PTR_ERR(card);
	}
	pci_set_drvdata(pdev, card);
	return 0;
}

static void pcibuf_remove(struct pci_dev *pdev)
{
	struct pcibuf_card *card = pci_get_drvdata(pdev);
	struct pcibuf_pci_setup setup = card->setup;

	pcibuf_card_remove(card);
	unprepare_device(pdev, &setup);
}

static void pcibuf_shutdown(struct pci_dev *pdev)
{
	struct pcibuf_card *card = pci_get_drvdata(pdev);

	pcibuf_card_quiesce(card);
	pcibuf_irqs_pause(card);
}

/* These exist because without them the core gives up on the whole subtree. */
static pci_ers_result_t pcibuf_error_detected(struct pci_dev *pdev,
					      pci_channel_state_t state)
{
	if (state != pci_channel_io_normal)
		pcibuf_irqs_pause(pci_get_drvdata(pdev));
	if (state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	return state == pci_channel_io_frozen ? PCI_ERS_RESULT_NEED_RESET :
						PCI_ERS_RESULT_CAN_RECOVER;
}

static pci_ers_result_t pcibuf_slot_reset(struct pci_dev *pdev)
{
	struct pcibuf_card *card = pci_get_drvdata(pdev);

	mutex_lock(&card->lock);
	pcibuf_recover_config(card);
	mutex_unlock(&card->lock);
	pcibuf_card_rearm(card);
	pcibuf_irqs_resume(card);
	return PCI_ERS_RESULT_RECOVERED;
}

static void pcibuf_reset_prepare(struct pci_dev *pdev)
{
	struct pcibuf_card *card = pci_get_drvdata(pdev);

	pcibuf_card_pause(card);
	pcibuf_irqs_pause(card);
}

static void pcibuf_reset_done(struct pci_dev *pdev)
{
	struct pcibuf_card *card = pci_get_drvdata(pdev);

	pcibuf_card_reset_done(card);
	pcibuf_irqs_resume(card);
}

static const struct pci_error_handlers pcibuf_err_handler = {
	.error_detected = pcibuf_error_detected,
	.slot_reset = pcibuf_slot_reset,
	.reset_prepare = pcibuf_reset_prepare,
	.reset_done = pcibuf_reset_done,
};

static struct pci_driver pcibuf_driver = {
	.name = "pcibuf",
	/* NULL, not empty: with an empty table new_id is refused. */
	.id_table = NULL,
	.probe = pcibuf_probe,
	.remove = pcibuf_remove,
	.shutdown = pcibuf_shutdown,
	.err_handler = &pcibuf_err_handler,
};

/* Calls @use for each entry of ids=; says which one is bad. */
static int walk_ids(const char *ids, int (*use)(const struct pcibuf_id *id))
{
	int ret = 0;

	while (*ids && !ret) {
		size_t len = strcspn(ids, ",");
		struct pcibuf_id id;

		ret = pcibuf_parse_id(ids, len, &id);
		if (ret)
			pr_err("pcibuf: ids: \"%.*s\" is not VVVV:DDDD[:SVVV[:SDDD]] in hex\n",
			       (int)len, ids);
		else if (use)
			ret = use(&id);
		ids += len + (ids[len] == ',');
	}
	return ret;
}

static int add_id(const struct pcibuf_id *id)
{
	return pci_add_dynid(&pcibuf_driver, id->vendor, id->device,
			     id->subvendor, id->subdevice, 0, 0, 0);
}

/**
 * pcibuf_pci_init() - register the driver, and bind the cards of @ids
 * @ids: the module parameter
 *
 * Return: 0, -EINVAL for bad ids, before any card is bound, or another
 * negative errno.
 */
int pcibuf_pci_init(const char *ids)
{
	int ret;

	ret = walk_ids(ids, NULL);
	if (ret)
		return ret;
	ret = pci_register_driver(&pcibuf_driver);
	if (ret)
		return ret;
	ret = walk_ids(ids, add_id);
	if (ret)
		pci_unregister_driver(&pcibuf_driver);
	return ret;
}

/**
 * pcibuf_pci_exit() - give all cards back
 */
void pcibuf_pci_exit(void)
{
	pci_unregister_driver(&pcibuf_driver);
}
