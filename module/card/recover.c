// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recover: a card that has lost its configuration, as an FPGA has after it was loaded
 * anew, gets back the configuration that probe left. Its buffers and their mappings stay.
 */
#include <linux/errno.h>
#include <linux/pci.h>

#include "card/card.h"
#include "lib/bars.h"

static int bar_at(int i)
{
	return PCI_BASE_ADDRESS_0 + i * sizeof(u32);
}

static u32 read_config(struct pci_dev *pdev, int where)
{
	u32 value = 0;

	pci_read_config_dword(pdev, where, &value);
	return value;
}

/**
 * pcibuf_recover_note() - remember the ids and BARs of a card
 * @pdev: PCI device, set up
 * @setup: out: what probe found
 */
void pcibuf_recover_note(struct pci_dev *pdev, struct pcibuf_pci_setup *setup)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(setup->header); i++)
		setup->header[i] = read_config(pdev, i * sizeof(u32));
}

static bool is_changed(struct pcibuf_card *card, int where, u32 bits)
{
	u32 was = card->setup.header[where / sizeof(u32)];

	return (read_config(card->pdev, where) ^ was) & bits;
}

/* A loaded card decodes nothing, and its BARs are zero. */
static bool has_lost_configuration(struct pcibuf_card *card)
{
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		if (is_changed(card, bar_at(i), ~0))
			return true;
	return is_changed(card, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
}

static bool has_other_ids(struct pcibuf_card *card)
{
	return is_changed(card, PCI_VENDOR_ID, ~0) ||
	       is_changed(card, PCI_SUBSYSTEM_VENDOR_ID, ~0);
}

static u32 probe_bar(struct pci_dev *pdev, int i)
{
	u32 value;

	if (i >= PCI_STD_NUM_BARS)
		return 0;
	pci_write_config_dword(pdev, bar_at(i), ~0);
	value = read_config(pdev, bar_at(i));
	pci_write_config_dword(pdev, bar_at(i), 0);
	return value;
}

/* The card must not decode the addresses that probing puts into its BARs. */
static bool has_other_bars(struct pci_dev *pdev)
{
	int i;

	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		u32 low = probe_bar(pdev, i);
		u32 high = probe_bar(pdev, i + 1);

		if (pcibuf_bar_size(low, high) != pci_resource_len(pdev, i))
			return true;
		i += pcibuf_bar_is_64(low);
	}
	return false;
}

/**
 * pcibuf_recover_config() - put back the configuration that probe left
 * @card: card; the caller holds card->lock, and interrupts are paused: nobody else may
 *	read a part of the old configuration, and write it back
 *
 * The card is not a bus master afterwards; pcibuf_bus_master_update() decides that.
 */
void pcibuf_recover_config(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	pci_load_saved_state(card->pdev, card->setup.config);
	pci_restore_state(card->pdev);
}

/*
 * Put the configuration back if it was lost, and if the card is the same: another card
 * may decode more than its place in the address space.
 */
static int recover(struct pcibuf_card *card)
{
	if (!pci_device_is_present(card->pdev))
		return -EIO;
	if (has_other_ids(card))
		return -ENXIO;
	if (!has_lost_configuration(card))
		return 0;
	if (has_other_bars(card->pdev))
		return -ENXIO;
	pcibuf_recover_config(card);
	return 0;
}

/* The card may be in any state. */
static int recover_live(struct pcibuf_card *card)
{
	int ret;

	lockdep_assert_held(&card->lock);
	if (card->state == PCIBUF_CARD_DYING)
		return -ENODEV;
	if (card->state == PCIBUF_CARD_PAUSED)
		return -EBUSY;
	ret = recover(card);
	if (!ret)
		pcibuf_bus_master_update(card);
	return ret;
}

/**
 * pcibuf_card_recover() - recover a card that was loaded anew
 * @card: card in any state
 *
 * Takes card->irq_lock, card->lock and pool->lock. May sleep.
 *
 * Return: 0, also where nothing was lost; -EIO where the card does not answer; -ENXIO
 * where it is another device, or has other BARs; -EBUSY while it is being reset; or
 * -ENODEV where the card is dying.
 */
int pcibuf_card_recover(struct pcibuf_card *card)
{
	bool paused;
	int ret;

	mutex_lock(&card->irq_lock);
	paused = card->irqs_paused;
	pcibuf_irqs_set_paused(card, true);
	mutex_lock(&card->lock);
	ret = recover_live(card);
	mutex_unlock(&card->lock);
	/* If a reset is under way, its end lets interrupts go on. */
	pcibuf_irqs_set_paused(card, ret && paused);
	mutex_unlock(&card->irq_lock);
	if (!ret)
		pcibuf_pool_drain(&card->pool);
	return ret;
}

/**
 * pcibuf_card_reset_done() - recover a card after a reset
 * @card: card in any state
 *
 * The PCI core restores what it found before the reset. If the card had lost its
 * configuration before, that is nothing.
 */
void pcibuf_card_reset_done(struct pcibuf_card *card)
{
	int ret;

	mutex_lock(&card->lock);
	ret = recover(card);
	if (ret && __ratelimit(&card->log))
		dev_warn(&card->dev,
			 "the card does not answer after a reset, or is another one: remove and rescan it\n");
	mutex_unlock(&card->lock);
	pcibuf_card_rearm(card);
}
