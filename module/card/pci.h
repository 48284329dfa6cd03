/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI driver.
 */
#ifndef PCIBUF_PCI_H
#define PCIBUF_PCI_H

int pcibuf_pci_init(const char *ids);
void pcibuf_pci_exit(void);

#endif /* PCIBUF_PCI_H */
