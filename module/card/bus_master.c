// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bus mastering: whether the card may reach memory at all.
 */
#include "card/card.h"

/**
 * pcibuf_bus_stop() - keep the card from memory, and wait until it has stopped
 * @pdev: it may be gone
 *
 * Reading the command register back makes sure that the write has arrived;
 * transactions that the card had begun may still be under way then (PCIe 6.0,
 * 7.5.3.5: Transactions Pending). A card that is gone would be waited for in
 * vain, for 0.7 s.
 */
void pcibuf_bus_stop(struct pci_dev *pdev)
{
	u16 command;

	pci_clear_master(pdev);
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (pci_device_is_present(pdev))
		pci_wait_for_pending_transaction(pdev);
}

/**
 * pcibuf_card_activate() - the card gets memory to use
 * @card: locked
 *
 * It is a bus master exactly while it has such, and no reset.
 */
void pcibuf_card_activate(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	if (!card->nr_active++) {
		pcibuf_pool_set_dma_live(&card->pool);
		if (!card->paused)
			pci_set_master(card->pdev);
	}
}

/**
 * pcibuf_card_deactivate() - memory of the card goes
 * @card: locked
 *
 * Under the lock to the end: a new buffer that made the card a bus master in
 * between would find its old memory released. While a reset is under way the card
 * is none, and its configuration is not to be touched (PCIe 6.0, 6.6.2).
 */
void pcibuf_card_deactivate(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	if (!--card->nr_active) {
		if (!card->paused)
			pcibuf_bus_stop(card->pdev);
		pcibuf_pool_drain(&card->pool);
	}
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
		pci_set_master(card->pdev);
	else
		pcibuf_bus_stop(card->pdev);
	mutex_unlock(&card->lock);
}
