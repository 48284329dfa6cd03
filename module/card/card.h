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
#include <linux/rbtree.h>
#include <linux/wait.h>

#include "memory/memory.h"
#include "minors.h"
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
 * @words: why the request failed; NULL for the usual words of the errno
 */
struct pcibuf_failure {
	const char *verb;
	const char *text;
	size_t len;
	int error;
	enum pcibuf_bad_word bad;
	const struct pcibuf_alloc_ctx *ctx;
	const char *words;
};

/**
 * struct pcibuf_pci_setup - what probe found and changed of the PCI device
 * @config: configuration as probe left it, to load after a reset of the slot; freed
 *	when the driver is unbound
 * @header: the first part of that configuration, to see whether the card lost it
 * @serial: PCIe device serial number, read once; 0 where there is none
 * @no_snoop: the card was permitted to write without snooping caches
 * @intx: the card was permitted to use its interrupt line
 */
struct pcibuf_pci_setup {
	struct pci_saved_state *config;
	u32 header[PCI_STD_HEADER_SIZEOF / sizeof(u32)];
	u64 serial;
	bool no_snoop;
	bool intx;
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
 * enum pcibuf_irq_type - how a card raises interrupts
 * @PCIBUF_IRQ_AUTO: not chosen: the first of the others that the card has
 * @PCIBUF_IRQ_MSIX: MSI-X
 * @PCIBUF_IRQ_MSI: MSI
 * @PCIBUF_IRQ_INTX: INTx: one line, which devices share
 * @PCIBUF_NR_IRQ_TYPES: how many there are
 */
enum pcibuf_irq_type {
	PCIBUF_IRQ_AUTO,
	PCIBUF_IRQ_MSIX,
	PCIBUF_IRQ_MSI,
	PCIBUF_IRQ_INTX,
	PCIBUF_NR_IRQ_TYPES
};

/* More vectors than this are refused. */
#define PCIBUF_MAX_IRQS		256

/**
 * struct pcibuf_irq - one interrupt of a card, with a node
 * @dev: class device, named pcibuf_irqN. Its release frees this structure
 * @minor: node of @dev
 * @card: card. The interrupt holds a reference to its device until its release
 * @vector: number of the interrupt on its card, from 0
 * @line: the kernel's number of the interrupt
 * @gid: group that owns the node
 * @open_count: number of open files. Under card->irq_lock, as the start and the stop
 * @wait: tasks that wait for an interrupt. Its lock protects the fields that follow; the
 *	handler takes it. One lock, as in an eventfd, makes an interrupt cheaper
 * @count: interrupts since the node was made
 * @time: CLOCK_MONOTONIC of the last interrupt, in ns
 * @unheard: interrupts since somebody read or polled
 * @disabled: the vector is disabled, because nobody did for too long
 * @masked: INTx only: INTx is off until a program has seen all interrupts
 * @paused: INTx only: a reset or a recovery of the card is under way
 * @dead: the interrupt was taken away: every call gets ENODEV. Set once, under
 *	card->irq_lock too
 */
struct pcibuf_irq {
	struct device dev;
	struct pcibuf_minor minor;
	struct pcibuf_card *card;
	unsigned int vector;
	int line;
	kgid_t gid;
	unsigned int open_count;

	wait_queue_head_t wait; /* its lock protects the fields that follow */
	u64 count;
	u64 time;
	unsigned int unheard;
	bool disabled;
	bool masked;
	bool paused;
	bool dead;
};

/**
 * struct pcibuf_irq_reader - an open file of an interrupt
 * @irq: interrupt
 * @seen: value of irq->count when the file was read or opened; under
 *	irq->wait.lock
 */
struct pcibuf_irq_reader {
	struct pcibuf_irq *irq;
	u64 seen;
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
 * @stopped: bus mastering was switched off last, and the card confirms that
 * @buffers: buffers that are made, live, or taken down: each holds its label and index
 * @names: names of the buffers on @buffers, see names.c
 * @indexes: indexes of the buffers on @buffers
 * @nr_reserved: number of buffers on @buffers
 * @max_buffers: largest number of buffers on @buffers; 0 for the default. Root sets it
 *	at any time, without the lock
 * @nr_buffers: number of live buffers
 * @nr_active: number of buffers whose memory the card may use
 * @gid: group that owns what a user may write, and new buffers
 * @last_error: the last failed request in words, empty where none
 * @irq_lock: protects the fields that follow, and who starts and stops interrupts.
 *	Outside @lock. Held while an interrupt's device is removed, so no attribute of
 *	an interrupt takes it
 * @irq_wanted: the type that new interrupts are to have
 * @irq_used: the type of the interrupts
 * @nr_irqs: number of interrupts
 * @irqs: interrupts
 * @irqs_paused: a reset or a recovery is under way
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
	bool stopped;
	struct list_head buffers;
	struct rb_root names;
	struct ida indexes;
	unsigned int nr_reserved;
	unsigned int max_buffers;
	unsigned int nr_buffers;
	unsigned int nr_active;
	kgid_t gid;
	char last_error[PCIBUF_REASON_SIZE];

	struct mutex irq_lock; /* protects the fields that follow */
	enum pcibuf_irq_type irq_wanted;
	enum pcibuf_irq_type irq_used;
	unsigned int nr_irqs;
	struct pcibuf_irq **irqs;
	bool irqs_paused;
};

static inline struct pcibuf_card *to_card(const struct device *dev)
{
	return container_of(dev, struct pcibuf_card, dev);
}

/* pci.c */
int pcibuf_pci_init(const char *ids);
void pcibuf_pci_exit(void);

/* command.c */
void pcibuf_command_set_master(struct pci_dev *pdev, bool on);
void pcibuf_command_set_intx(struct pci_dev *pdev, bool on);
bool pcibuf_command_mask_intx(struct pci_dev *pdev);
bool pcibuf_command_unmask_intx(struct pci_dev *pdev);

/* irq.c */
int pcibuf_irq_start(struct pcibuf_irq *irq);
void pcibuf_irq_stop(struct pcibuf_irq *irq);
s64 pcibuf_irq_look(struct pcibuf_irq_reader *reader);
int pcibuf_irq_take(struct pcibuf_irq_reader *reader, bool wait,
		    struct pcibuf_irq_event *event);
void pcibuf_irq_untake(struct pcibuf_irq_reader *reader,
		       const struct pcibuf_irq_event *event);
void pcibuf_irqs_set_paused(struct pcibuf_card *card, bool paused);
void pcibuf_irqs_pause(struct pcibuf_card *card);
void pcibuf_irqs_resume(struct pcibuf_card *card);

/* irq_file.c */
extern const struct file_operations pcibuf_irq_fops;

/* irq_nodes.c */
int pcibuf_irq_class_init(void);
void pcibuf_irq_class_exit(void);
int pcibuf_card_set_nr_irqs(struct pcibuf_card *card, unsigned int nr,
			    unsigned int *most);
void pcibuf_card_remove_irqs(struct pcibuf_card *card);

/* irq_sysfs.c */
extern const struct attribute_group pcibuf_irq_group;
extern const struct attribute_group pcibuf_irq_links_group;
/* Directory of links to the interrupts, in the card's directory. */
#define PCIBUF_IRQ_LINKS	"irqs"

/* bus_master.c */
bool pcibuf_clear_master(struct pci_dev *pdev);
void pcibuf_bus_master_get(struct pcibuf_card *card);
void pcibuf_bus_master_put(struct pcibuf_card *card);
void pcibuf_bus_master_update(struct pcibuf_card *card);
void pcibuf_card_quiesce(struct pcibuf_card *card);
void pcibuf_card_drain(struct pcibuf_card *card);
void pcibuf_card_pause(struct pcibuf_card *card);
void pcibuf_card_rearm(struct pcibuf_card *card);

/* recover.c */
void pcibuf_recover_note(struct pci_dev *pdev, struct pcibuf_pci_setup *setup);
void pcibuf_recover_config(struct pcibuf_card *card);
int pcibuf_card_recover(struct pcibuf_card *card);
void pcibuf_card_reset_done(struct pcibuf_card *card);

/* card.c */
int pcibuf_card_class_init(void);
void pcibuf_card_class_exit(void);
struct pcibuf_card *pcibuf_card_add(struct pci_dev *pdev,
				    const struct pcibuf_pci_setup *setup);
void pcibuf_card_remove(struct pcibuf_card *card);

struct pcibuf_buffer;

/* names.c */
unsigned int pcibuf_names_max(struct pcibuf_card *card);
int pcibuf_names_reserve(struct pcibuf_card *card,
			 struct pcibuf_buffer *buffer);
void pcibuf_names_add_node(struct pcibuf_card *card,
			   struct pcibuf_buffer *buffer);
void pcibuf_names_release(struct pcibuf_card *card,
			  struct pcibuf_buffer *buffer);
struct pcibuf_buffer *pcibuf_names_find(struct pcibuf_card *card,
					const char *text);
struct pcibuf_buffer *pcibuf_names_any(struct pcibuf_card *card);

/* request_sysfs.c */
extern const struct attribute_group pcibuf_user_group;
extern const struct attribute_group pcibuf_revoke_group;
ssize_t pcibuf_card_finish(struct pcibuf_card *card,
			   const struct pcibuf_failure *failure);

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
