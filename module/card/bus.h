/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bus mastering: whether the card may reach memory at all.
 */
#ifndef PCIBUF_BUS_H
#define PCIBUF_BUS_H

#include <linux/pci.h>

void pcibuf_bus_start(struct pci_dev *pdev);
void pcibuf_bus_stop(struct pci_dev *pdev);

#endif /* PCIBUF_BUS_H */
