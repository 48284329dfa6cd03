// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command: the command register of a card. Bus mastering and INTx are bits of this
 * register, and the PCI core changes each bit by a read and a write. The handler of an
 * interrupt masks INTx while another task sets bus mastering: without a lock, one of
 * the two changes could be lost.
 *
 * Two others write the register without this lock: recover.c, while interrupts are
 * paused, and the PCI core, where irq_nodes.c gets or frees vectors. Both do so under
 * card->irq_lock or after a reset, and under card->lock, as bus mastering is set.
 */
#include <linux/pci.h>
#include <linux/spinlock.h>

#include "card/card.h"

/* Protects the bits of the command register. Inside irq->wait.lock. */
static DEFINE_SPINLOCK(command_lock);

/**
 * pcibuf_command_set_master() - turn bus mastering on or off
 * @pdev: PCI device
 * @on: on
 *
 * Called from task context. Takes command_lock.
 */
void pcibuf_command_set_master(struct pci_dev *pdev, bool on)
{
	spin_lock_irq(&command_lock);
	if (on)
		pci_set_master(pdev);
	else
		pci_clear_master(pdev);
	spin_unlock_irq(&command_lock);
}

/**
 * pcibuf_command_set_intx() - turn INTx on or off
 * @pdev: PCI device
 * @on: on
 *
 * Takes command_lock.
 */
void pcibuf_command_set_intx(struct pci_dev *pdev, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&command_lock, flags);
	pci_intx(pdev, on);
	spin_unlock_irqrestore(&command_lock, flags);
}

/**
 * pcibuf_command_mask_intx() - turn INTx off if the card asserts it
 * @pdev: PCI device
 *
 * Takes command_lock.
 *
 * Return: true where the card asserts INTx, whether or not INTx was on.
 */
bool pcibuf_command_mask_intx(struct pci_dev *pdev)
{
	unsigned long flags;
	bool asserted;

	spin_lock_irqsave(&command_lock, flags);
	asserted = pci_check_and_mask_intx(pdev);
	spin_unlock_irqrestore(&command_lock, flags);
	return asserted;
}

/**
 * pcibuf_command_unmask_intx() - turn INTx on unless the card asserts it
 * @pdev: PCI device
 *
 * Takes command_lock.
 *
 * Return: true where INTx is on; false where the card asserts INTx, and INTx is off.
 */
bool pcibuf_command_unmask_intx(struct pci_dev *pdev)
{
	unsigned long flags;
	bool on;

	spin_lock_irqsave(&command_lock, flags);
	on = pci_check_and_unmask_intx(pdev);
	spin_unlock_irqrestore(&command_lock, flags);
	return on;
}
