/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Card: a PCI device that was given to this driver, and its buffers.
 */
#ifndef PCIBUF_CARD_H
#define PCIBUF_CARD_H

#include <linux/device.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>

#include "memory/memory.h"
#include "lib/parse.h"

/* Bytes, with the final NUL. */
#define PCIBUF_REASON_SIZE		512

/**
 * struct pcibuf_failure - a request that failed
 * @verb: the attribute that was written
 * @text: what was written
 * @len: its length
 * @error: a negative errno
 * @bad: what is malformed, where the error is -EINVAL and this is known
 * @ctx: the allocation; NULL where it was none
 */
struct pcibuf_failure {
	const char *verb;
	const char *text;
	size_t len;
	int error;
	enum pcibuf_bad_word bad;
	const struct pcibuf_alloc_ctx *ctx;
};

/**
 * struct pcibuf_pci_setup - what probe found and changed of the PCI device
 * @config: configuration as probe left it, to load after a reset of the slot; freed
 *	when the driver is unbound
 * @serial: PCIe device serial number, read once; 0 where there is none
 * @no_snoop: the card was permitted to write without snooping caches
 */
struct pcibuf_pci_setup {
	struct pci_saved_state *config;
	u64 serial;
	bool no_snoop;
};

/**
 * enum pcibuf_card_state - may the card be a bus master?
 * @PCIBUF_CARD_LIVE: yes, while it has buffers
 * @PCIBUF_CARD_PAUSED: no: a reset is under way
 * @PCIBUF_CARD_DYING: never again: it is going away, or the machine is
 */
enum pcibuf_card_state {
	PCIBUF_CARD_LIVE,
	PCIBUF_CARD_PAUSED,
	PCIBUF_CARD_DYING,
};

/**
 * struct pcibuf_card - one card
 * @dev: class device, named by the PCI address. Its release frees this structure,
 *	which every buffer keeps until its own release
 * @pdev: PCI device; not touched after pcibuf_card_remove() returned
 * @setup: what probe found and changed
 * @pool: what memory knows of the card
 * @log: rate limit of the log of failed requests
 * @alloc_lock: one allocation at a time; held while it is under way. Outside @lock
 * @lock: protects the fields that follow. Never held while the card's device or an
 *	attribute of it is removed: the removal waits for whoever is in an attribute and
 *	wants the lock
 * @state: decides about bus mastering, with @nr_active; see bus_master.c
 * @buffers: buffers that are made, live, or taken down: each holds its label and index
 * @indexes: indexes of the buffers on @buffers
 * @nr_buffers: number of live buffers
 * @nr_active: number of buffers whose memory the card may use
 * @gid: group that owns what a user may write, and new buffers
 * @last_error: the last failed request in words, empty where none
 */
struct pcibuf_card {
	struct device dev;
	struct pci_dev *pdev;
	struct pcibuf_pci_setup setup;
	struct pcibuf_pool pool;
	struct ratelimit_state log;

	struct mutex alloc_lock; /* one allocation at a time */

	struct mutex lock; /* protects the fields that follow */
	enum pcibuf_card_state state;
	struct list_head buffers;
	struct ida indexes;
	unsigned int nr_buffers;
	unsigned int nr_active;
	kgid_t gid;
	char last_error[PCIBUF_REASON_SIZE];
};

static inline struct pcibuf_card *to_card(const struct device *dev)
{
	return container_of(dev, struct pcibuf_card, dev);
}

/* pci.c */
int pcibuf_pci_init(const char *ids);
void pcibuf_pci_exit(void);

/* bus_master.c */
void pcibuf_clear_master(struct pci_dev *pdev);
void pcibuf_bus_master_get(struct pcibuf_card *card);
void pcibuf_bus_master_put(struct pcibuf_card *card);
void pcibuf_card_quiesce(struct pcibuf_card *card);
void pcibuf_card_pause(struct pcibuf_card *card);
void pcibuf_card_rearm(struct pcibuf_card *card);

/* card.c */
int pcibuf_card_class_init(void);
void pcibuf_card_class_exit(void);
struct pcibuf_card *pcibuf_card_add(struct pci_dev *pdev,
				    const struct pcibuf_pci_setup *setup);
void pcibuf_card_remove(struct pcibuf_card *card);

/* card_sysfs.c */
extern const struct attribute_group *pcibuf_card_groups[];
void pcibuf_card_sysfs_drain(struct pcibuf_card *card);

/* request.c */
int pcibuf_card_alloc(struct pcibuf_card *card,
		      const struct pcibuf_request *request,
		      struct pcibuf_alloc_ctx *ctx);
int pcibuf_card_free(struct pcibuf_card *card, const char *name, bool force);

/* reason.c */
void pcibuf_card_failed(struct pcibuf_card *card,
			const struct pcibuf_failure *failure);

#endif /* PCIBUF_CARD_H */
