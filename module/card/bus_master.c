// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bus mastering: whether the card may reach memory at all. Decided here and nowhere
 * else, by the card's state and by its buffers.
 */
#include "card/card.h"

/**
 * pcibuf_clear_master() - keep the card from memory, and wait until it has stopped
 * @pdev: PCI device; it may be gone
 *
 * Reading the command register back makes sure that the write has arrived.
 * Transactions that the card had begun may still be under way then (PCIe 6.0,
 * 7.5.3.5: Transactions Pending).
 *
 * Return: true where the card has stopped; false where the register still says that the
 * card is a bus master, or reads as all ones because nobody answers.
 */
bool pcibuf_clear_master(struct pci_dev *pdev)
{
	u16 command;

	pcibuf_command_set_master(pdev, false);
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (command & PCI_COMMAND_MASTER)
		return false;
	pci_wait_for_pending_transaction(pdev);
	return true;
}

/*
 * The card is a bus master exactly while it is live and has memory to use. A card that
 * is paused or dying was stopped before. While a reset is under way, its configuration
 * must not be touched (PCIe 6.0, 6.6.2).
 */
static void update_master(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	if (card->state != PCIBUF_CARD_LIVE)
		return;
	card->stopped = false;
	if (card->nr_active)
		pcibuf_command_set_master(card->pdev, true);
	else
		card->stopped = pcibuf_clear_master(card->pdev);
}

/* If the card has stopped, its memory may be released: pcibuf_pool_drain() is due. */
static void confirm_stopped(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	if (card->stopped)
		pcibuf_pool_clear_dma_live(&card->pool);
	else if (__ratelimit(&card->log))
		dev_warn(&card->dev,
			 "the card is still a bus master, or does not answer: parked memory stays parked\n");
}

/**
 * pcibuf_bus_master_get() - a buffer's memory wants the card to be a bus master
 * @card: card; the caller holds card->lock
 */
void pcibuf_bus_master_get(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	if (card->nr_active++)
		return;
	pcibuf_pool_set_dma_live(&card->pool);
	update_master(card);
}

/**
 * pcibuf_bus_master_put() - undo pcibuf_bus_master_get()
 * @card: card; the caller holds card->lock
 *
 * The memory of the last buffer, and what is in quarantine, can be released once the card
 * has stopped: pcibuf_memory_retire() does so, as long as no new buffer wants a bus master.
 */
void pcibuf_bus_master_put(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	if (--card->nr_active)
		return;
	update_master(card);
	confirm_stopped(card);
}

/**
 * pcibuf_bus_master_update() - the configuration of a card was written: decide anew
 * @card: card; the caller holds card->lock, and calls pcibuf_pool_drain() after that
 */
void pcibuf_bus_master_update(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	update_master(card);
	if (!card->nr_active)
		confirm_stopped(card);
}

/*
 * A card that does not answer counts as stopped here: it was pulled out, or its link is
 * down, and it comes back without bus mastering.
 */
static void stop_for_good(struct pcibuf_card *card)
{
	card->stopped = pcibuf_clear_master(card->pdev) ||
			!pci_device_is_present(card->pdev);
}

/**
 * pcibuf_card_quiesce() - stop the card for good, and make no more buffers
 * @card: card in any state
 *
 * Called before remove, and for shutdown and kexec: the card must not write to the
 * memory of the next kernel.
 */
void pcibuf_card_quiesce(struct pcibuf_card *card)
{
	mutex_lock(&card->lock);
	card->state = PCIBUF_CARD_DYING;
	WRITE_ONCE(card->pool.dying, true);
	stop_for_good(card);
	mutex_unlock(&card->lock);
}

/**
 * pcibuf_card_drain() - release the memory in quarantine of a card that has stopped
 * @card: card after pcibuf_card_quiesce()
 */
void pcibuf_card_drain(struct pcibuf_card *card)
{
	mutex_lock(&card->lock);
	confirm_stopped(card);
	mutex_unlock(&card->lock);
	pcibuf_pool_drain(&card->pool);
}

/**
 * pcibuf_card_pause() - stop the card before a reset, until pcibuf_card_rearm()
 * @card: card in any state
 *
 * The PCI core restores after the reset what it finds now. If the last buffer goes
 * meanwhile, that must not make the card a bus master again.
 */
void pcibuf_card_pause(struct pcibuf_card *card)
{
	mutex_lock(&card->lock);
	card->stopped = pcibuf_clear_master(card->pdev);
	if (card->state != PCIBUF_CARD_DYING)
		card->state = PCIBUF_CARD_PAUSED;
	mutex_unlock(&card->lock);
}

/**
 * pcibuf_card_rearm() - after a reset, make the card a bus master again if it has
 *	buffers
 * @card: card in any state
 */
void pcibuf_card_rearm(struct pcibuf_card *card)
{
	mutex_lock(&card->lock);
	if (card->state == PCIBUF_CARD_DYING)
		stop_for_good(card);
	else
		card->state = PCIBUF_CARD_LIVE;
	pcibuf_bus_master_update(card);
	mutex_unlock(&card->lock);
	pcibuf_pool_drain(&card->pool);
}
