// SPDX-License-Identifier: GPL-2.0-only
/* Events that can happen to a card, and how to get the card back after each. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib-scene.h"

#define STUB_DIR	PCI_DIR "/drivers/pci-stub"
#define AER_INJECT	"/dev/aer_inject"
#define RECOVERED	"AER: device recovery successful"

/* Return the path of an attribute of the port above the card. */
static const char *port_attr(const struct card *card, const char *attr)
{
	return pathf(PCI_DIR "/devices/%s/../%s", card->bdf, attr);
}

static int revoke_it(const struct card *card)
{
	return card_write(card, "revoke", SCENE_BUFFER);
}

static int nothing(const struct card *card)
{
	(void)card;
	return 0;
}

static int remove_it(const struct card *card)
{
	int err = attr_write(pci_attr(card, "remove"), "1");

	return err ?: access(pci_attr(card, ""), F_OK) ? 0 : EEXIST;
}

static int find_again(const struct card *card)
{
	int err = attr_write(PCI_DIR "/rescan", "1");

	if (!err && card_is_master(card))
		return EBUSY;
	return err ?: card_bind(card);
}

/* Unbind the card and bind it to another driver. */
static int give_to_stub(const struct card *card)
{
	int err = attr_write(pci_attr(card, "driver_override"), "pci-stub");

	if (!err)
		err = card_unbind(card);
	if (!err)
		err = attr_write(PCI_DIR "/drivers_probe", card->bdf);
	if (!err && access(pathf(STUB_DIR "/%s", card->bdf), F_OK))
		err = errno;
	return err;
}

static int take_from_stub(const struct card *card)
{
	int err = attr_write(STUB_DIR "/unbind", card->bdf);

	return err ?: card_bind(card);
}

static const char *no_stub(const struct card *card)
{
	(void)card;
	return access(STUB_DIR, F_OK) ? "this kernel has no pci-stub" : NULL;
}

static int unload(const struct card *card)
{
	(void)card;
	return syscall(SYS_delete_module, "pcibuf", O_NONBLOCK) ? errno : 0;
}

static int load(const struct card *card)
{
	const char *args = getenv("PCIBUF_MODARGS");
	int fd = open("/pcibuf.ko", O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (syscall(SYS_finit_module, fd, args ? args : "", 0))
		err = errno;
	close(fd);
	return err ?: card_bind(card);
}

static int reset_function(const struct card *card)
{
	return attr_write(pci_attr(card, "reset"), "1");
}

/* Any way to reset will do: after a bus reset too, the card has lost its state. */
static const char *no_reset(const struct card *card)
{
	return access(pci_attr(card, "reset"), F_OK) ?
	       "the card has no way to be reset" : NULL;
}

/*
 * The card has no error reporting of its own. But its port reports errors for the whole
 * link, so the recovery asks the card's driver. The names are QEMU's.
 */
static int inject(const struct card *card, const char *error)
{
	int before = lines_with(RECOVERED);

	monitor("pcie_aer_inject_error rp%d %s", card->slot, error);
	return wait_for_lines(RECOVERED, before + 1) ? 0 : ETIMEDOUT;
}

static int surprise_down(const struct card *card)
{
	return inject(card, "SDN");
}

static int poisoned_packet(const struct card *card)
{
	return inject(card, "POISON_TLP");
}

static const char *no_aer(const struct card *card)
{
	return access(port_attr(card, "aer_dev_fatal"), F_OK) ?
	       "this kernel handles no errors of PCIe" : NULL;
}

/* This is the structure of drivers/pci/pcie/aer_inject.c. */
struct aer_error {
	__u8 bus, dev, fn;
	__u32 uncor_status, cor_status;
	__u32 header[4];
	__u32 domain;
};

static __u64 corrected(const struct card *card)
{
	return attr_u64(port_attr(card, "aer_rootport_total_err_cor"));
}

/*
 * QEMU reports no corrected errors, so the kernel's aer_inject reports one to the
 * kernel.
 */
static int receiver_error(const struct card *card)
{
	struct aer_error error = { .cor_status = PCI_ERR_COR_RCVR };
	unsigned int domain, bus, dev, fn;
	__u64 before = corrected(card);
	char path[512], *port;
	double end = seconds() + 20;
	int err;

	port = realpath(port_attr(card, ""), path);
	if (!port || sscanf(strrchr(port, '/'), "/%x:%x:%x.%x", &domain, &bus,
			    &dev, &fn) != 4)
		return ENODEV;
	error.bus = bus;
	error.dev = dev;
	error.fn = fn;
	error.domain = domain;
	err = attr_write_n(AER_INJECT, &error, sizeof(error));
	while (!err && corrected(card) == before)
		err = seconds() > end ? ETIMEDOUT : 0;
	return err;
}

static const char *no_injection(const struct card *card)
{
	return no_aer(card) ?: access(AER_INJECT, F_OK) ?
	       "this kernel cannot be told of a corrected error" : NULL;
}

/* Return the offset of the slot control register in the port's configuration space. */
static int slot_control(int config)
{
	__u8 at, id;

	if (pread(config, &at, 1, PCI_CAPABILITY_LIST) != 1)
		return -1;
	while (at && pread(config, &id, 1, at) == 1) {
		if (id == PCI_CAP_ID_EXP)
			return at + PCI_EXP_SLTCTL;
		if (pread(config, &at, 1, at + PCI_CAP_LIST_NEXT) != 1)
			break;
	}
	return -1;
}

/* The slot has no power, and its power indicator is off. */
#define SLOT_OFF	(PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PIC)

/*
 * Wait until the kernel is done with the slot. Before that, the kernel would power off a
 * new card too.
 */
static int wait_for_slot(int config, int at)
{
	double end = seconds() + 60;
	__u16 control = 0;

	while ((control & SLOT_OFF) != SLOT_OFF) {
		if (pread(config, &control, 2, at) != 2)
			return EIO;
		if (seconds() > end)
			return ETIMEDOUT;
		usleep(10000);
	}
	return 0;
}

/*
 * The kernel's own hotplug takes reset_lock and pci_rescan_remove_lock in two orders
 * (seen in 6.1). lockdep stops all checks after the first report. Therefore switch
 * lockdep off meanwhile, if the kernel has it.
 */
static void watch_locks(bool on)
{
	attr_write("/proc/sys/kernel/prove_locking", on ? "1" : "0");
}

/*
 * QEMU drops a card whose slot has no power. QEMU does this at once, without a report,
 * and before the kernel knows. The slot's interrupt tells the kernel, which then sees a
 * card that was just pulled out.
 */
static int pull_out(const struct card *card)
{
	int config = open(port_attr(card, "config"), O_RDWR | O_CLOEXEC);
	int err = EIO, at = slot_control(config);
	__u16 was, off, on;
	bool done;

	watch_locks(false);
	done = at > 0 && pread(config, &was, 2, at) == 2;
	off = (was & ~PCI_EXP_SLTCTL_HPIE) | SLOT_OFF;
	on = was | PCI_EXP_SLTCTL_PDCE;
	done = done && pwrite(config, &off, 2, at) == 2 &&
	       card_is_master(card) < 0 && pwrite(config, &on, 2, at) == 2;
	if (done)
		err = wait_for_slot(config, at);
	watch_locks(true);
	close(config);
	return err ?: access(pci_attr(card, ""), F_OK) ? 0 : EEXIST;
}

static int plug_in(const struct card *card)
{
	bool there;

	watch_locks(false);
	there = card_plug(card);
	watch_locks(true);
	return there ? card_bind_new(card) : ETIMEDOUT;
}

static const char *no_hotplug(const struct card *card)
{
	(void)card;
	return access("/sys/bus/pci_express/drivers/pciehp/bind", F_OK) ?
	       "this kernel has no hotplug of PCIe" : NULL;
}

static const struct event events[] = {
	{ "revoke", REVOKED, 0, NULL, revoke_it, nothing },
	{ "unbind", CARD_GONE, 0, NULL, card_unbind, card_bind },
	{ "remove", CARD_GONE, 0, NULL, remove_it, find_again },
	{ "unplug", CARD_GONE, 0, no_hotplug, pull_out, plug_in },
	{ "override", CARD_GONE, 0, no_stub, give_to_stub, take_from_stub },
	{ "rmmod", CARD_GONE, EWOULDBLOCK, NULL, unload, load },
	{ "reset", KEPT, 0, no_reset, reset_function, nothing },
	{ "corrected", KEPT, 0, no_injection, receiver_error, nothing },
	{ "nonfatal", KEPT, 0, no_aer, poisoned_packet, nothing },
	{ "fatal", KEPT, 0, no_aer, surprise_down, nothing },
};

const struct event *event_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (!strcmp(events[i].name, name))
			return &events[i];
	return NULL;
}
