// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bus mastering: whether the card may reach memory at all.
 */
#include "card/bus.h"

/**
 * pcibuf_bus_start() - let the card reach memory
 * @pdev: enabled
 */
void pcibuf_bus_start(struct pci_dev *pdev)
{
	pci_set_master(pdev);
}

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
