// SPDX-License-Identifier: GPL-2.0-only
/*
 * Let a card answer as no card of the emulator does. A test writes the address of a card
 * to one of the parameters; an empty line to any of them ends it. The card then
 *
 * master: says that it is a bus master, whatever is written to its command register
 * silent: answers nothing: all reads are all ones, and writes are lost
 * other: says that it is another device
 * larger: has a first BAR that is twice as large
 * slow: takes its time to read the command register, so that two tasks that read and
 *	write it come between each other
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

enum how { MASTER, SILENT, OTHER, LARGER, SLOW };

static struct pci_dev *card;
static struct pci_ops *real;
static enum how how;

static u32 answer(int where, u32 value)
{
	u32 size = pci_resource_len(card, 0);

	if (how == SILENT)
		return ~0;
	if (how == MASTER && where == PCI_COMMAND)
		return value | PCI_COMMAND_MASTER;
	if (how == OTHER && where == PCI_VENDOR_ID)
		return value ^ 0x10000;
	if (how == LARGER && where == PCI_BASE_ADDRESS_0)
		return value & ~size;
	if (how == SLOW && where == PCI_COMMAND)
		mdelay(1);
	return value;
}

static int read_config(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *value)
{
	int ret = real->read(bus, devfn, where, size, value);

	if (devfn == card->devfn)
		*value = answer(where, *value);
	return ret;
}

static int write_config(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 value)
{
	if (devfn == card->devfn && how == SILENT)
		return PCIBIOS_SUCCESSFUL;
	return real->write(bus, devfn, where, size, value);
}

static struct pci_ops disobedient_ops = {
	.read = read_config,
	.write = write_config,
};

static void obey(void)
{
	if (!card)
		return;
	pci_bus_set_ops(card->bus, real);
	pci_dev_put(card);
	card = NULL;
}

/* Nobody removes the card, and nobody else writes a parameter, meanwhile. */
static int disobey(const char *text, const struct kernel_param *kp)
{
	unsigned int domain, bus, dev, fn;

	obey();
	if (sscanf(text, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return 0;
	card = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(dev, fn));
	if (!card)
		return -ENODEV;
	how = *(const enum how *)kp->arg;
	real = card->bus->ops;
	disobedient_ops.map_bus = real->map_bus;
	pci_bus_set_ops(card->bus, &disobedient_ops);
	return 0;
}

static const struct kernel_param_ops ops = { .set = disobey };
static enum how ways[] = { MASTER, SILENT, OTHER, LARGER, SLOW };

module_param_cb(master, &ops, &ways[MASTER], 0200);
module_param_cb(silent, &ops, &ways[SILENT], 0200);
module_param_cb(other, &ops, &ways[OTHER], 0200);
module_param_cb(larger, &ops, &ways[LARGER], 0200);
module_param_cb(slow, &ops, &ways[SLOW], 0200);

MODULE_DESCRIPTION("A card that disobeys");
MODULE_LICENSE("GPL");
