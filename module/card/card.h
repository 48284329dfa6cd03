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
#define PCIBUF_WHY_SIZE		512

/**
 * struct pcibuf_failure - a request that failed
 * @verb: the attribute that was written
 * @text: what was written
 * @len: its length
 * @error: a negative errno
 * @ctx: the allocation; NULL where it was none
 */
struct pcibuf_failure {
	const char *verb;
	const char *text;
	size_t len;
	int error;
	const struct pcibuf_alloc_ctx *ctx;
};

/**
 * struct pcibuf_card - one card
 * @dev: class device, named by the PCI address; its release frees this
 *	structure, which every buffer keeps until its own release
 * @pdev: the PCI device; not touched after pcibuf_card_remove() returned
 * @pool: what memory knows of the card
 * @saved: configuration as probe left it, for after a reset of the slot
 * @log: limits what is logged of failed requests
 * @alloc_lock: one allocation at a time, held while it is under way; outside
 *	@lock
 * @lock: protects what follows. Never held while the card's device or an
 *	attribute of it is removed: those wait for whoever is in one and wants it
 * @buffers: those that are made, live, or taken down: each holds its label and
 *	index
 * @indexes: numbers of the buffers on @buffers
 * @nr_buffers: how many are live
 * @nr_active: how many have memory that the card may use: it is a bus master
 *	exactly while there are such, and it is not @paused
 * @paused: a reset is under way
 * @gid: group that owns what a user may write, and new buffers
 * @last_error: the last failed request in words, empty where none
 */
struct pcibuf_card {
	struct device dev;
	struct pci_dev *pdev;
	struct pcibuf_pool pool;
	struct pci_saved_state *saved;
	struct ratelimit_state log;

	struct mutex alloc_lock; /* one allocation at a time */

	struct mutex lock; /* protects what follows */
	struct list_head buffers;
	struct ida indexes;
	unsigned int nr_buffers;
	unsigned int nr_active;
	bool paused;
	kgid_t gid;
	char last_error[PCIBUF_WHY_SIZE];
};

static inline struct pcibuf_card *to_card(const struct device *dev)
{
	return container_of(dev, struct pcibuf_card, dev);
}

/* pci.c */
int pcibuf_pci_init(const char *ids);
void pcibuf_pci_exit(void);

/* bus_master.c */
void pcibuf_bus_stop(struct pci_dev *pdev);
void pcibuf_card_activate(struct pcibuf_card *card);
void pcibuf_card_deactivate(struct pcibuf_card *card);
void pcibuf_card_quiesce(struct pcibuf_card *card);
void pcibuf_card_pause(struct pcibuf_card *card);
void pcibuf_card_rearm(struct pcibuf_card *card);

/* card.c */
int pcibuf_card_class_init(void);
void pcibuf_card_class_exit(void);
struct pcibuf_card *pcibuf_card_add(struct pci_dev *pdev);
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
