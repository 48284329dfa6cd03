// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a card: their vectors, devices, nodes, attributes and links.
 */
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "card/card.h"
#include "compat.h"
#include "minors.h"

static struct pcibuf_irq *to_irq(const struct device *dev)
{
	return container_of(dev, struct pcibuf_irq, dev);
}

/* No attribute takes card->irq_lock: see struct pcibuf_card. */
static ssize_t vector_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%u\n", to_irq(dev)->vector);
}
static DEVICE_ATTR_RO(vector);

static ssize_t irq_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%d\n", to_irq(dev)->line);
}
static DEVICE_ATTR_RO(irq);

static ssize_t count_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct pcibuf_irq *irq = to_irq(dev);
	u64 count;

	spin_lock_irq(&irq->wait.lock);
	count = irq->count;
	spin_unlock_irq(&irq->wait.lock);
	return sysfs_emit(buf, "%llu\n", count);
}
static DEVICE_ATTR_RO(count);

static ssize_t open_count_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_irq(dev)->open_count));
}
static DEVICE_ATTR_RO(open_count);

static struct attribute *irq_attrs[] = {
	&dev_attr_vector.attr,
	&dev_attr_irq.attr,
	&dev_attr_count.attr,
	&dev_attr_open_count.attr,
	NULL
};
ATTRIBUTE_GROUPS(irq);

/* As for a buffer: devtmpfs creates the node with this owner and mode. */
static char *devnode(pcibuf_const struct device *dev, umode_t *mode,
		     kuid_t *uid, kgid_t *gid)
{
	if (mode)
		*mode = 0660;
	if (gid)
		*gid = to_irq(dev)->gid;
	return NULL;
}

static void irq_release(struct device *dev)
{
	struct pcibuf_irq *irq = to_irq(dev);

	pcibuf_minor_free(dev->devt);
	put_device(&irq->card->dev);
	kfree(irq);
}

static struct class irq_class = {
	.name = "pcibuf_irq",
};

static const struct device_type irq_type = {
	.name = "pcibuf_irq",
	.groups = irq_groups,
	.devnode = devnode,
	.release = irq_release,
};

/**
 * pcibuf_irq_class_init() - register the class pcibuf_irq
 *
 * Called once, when the module is loaded.
 *
 * Return: 0 or a negative errno.
 */
int pcibuf_irq_class_init(void)
{
	return class_register(&irq_class);
}

/**
 * pcibuf_irq_class_exit() - undo pcibuf_irq_class_init()
 *
 * Called when the module is unloaded. No interrupt is left.
 */
void pcibuf_irq_class_exit(void)
{
	class_unregister(&irq_class);
}

/* Make an interrupt that is not registered, and has no minor number yet. */
static struct pcibuf_irq *new_irq(struct pcibuf_card *card, unsigned int vector,
				  kgid_t gid)
{
	struct pcibuf_irq *irq;
	int ret;

	irq = kzalloc(sizeof(*irq), GFP_KERNEL);
	if (!irq)
		return ERR_PTR(-ENOMEM);
	ret = pcibuf_minor_reserve();
	if (ret) {
		kfree(irq);
		return ERR_PTR(ret);
	}
	get_device(&card->dev);
	irq->card = card;
	irq->vector = vector;
	irq->line = pci_irq_vector(card->pdev, vector);
	irq->gid = gid;
	init_waitqueue_head(&irq->wait);
	device_initialize(&irq->dev);
	irq->dev.class = &irq_class;
	irq->dev.type = &irq_type;
	irq->dev.parent = &card->dev;
	/* No event before the link exists. */
	dev_set_uevent_suppress(&irq->dev, true);
	irq->minor.dev = &irq->dev;
	irq->minor.fops = &pcibuf_irq_fops;
	return irq;
}

/* Register device, node and link; on failure nothing is registered. */
static int register_irq(struct pcibuf_irq *irq)
{
	char name[12];
	int ret;

	ret = pcibuf_minor_choose(&irq->dev.devt);
	if (ret)
		return ret;
	ret = dev_set_name(&irq->dev, "pcibuf_irq%u", MINOR(irq->dev.devt));
	if (ret)
		return ret;
	pcibuf_minor_register(&irq->minor);
	ret = device_add(&irq->dev);
	if (ret)
		goto err_unregister;
	snprintf(name, sizeof(name), "%u", irq->vector);
	ret = sysfs_add_link_to_group(&irq->card->dev.kobj, PCIBUF_IRQ_LINKS,
				      &irq->dev.kobj, name);
	if (ret)
		goto err_del;
	dev_set_uevent_suppress(&irq->dev, false);
	kobject_uevent(&irq->dev.kobj, KOBJ_ADD);
	return 0;

err_del:
	device_del(&irq->dev);
err_unregister:
	pcibuf_minor_unregister(&irq->minor);
	return ret;
}

/* Take an interrupt from whoever has its node open. Their files stay open. */
static void kill_irq(struct pcibuf_irq *irq)
{
	spin_lock_irq(&irq->wait.lock);
	WRITE_ONCE(irq->dead, true);
	wake_up_locked_poll(&irq->wait, EPOLLERR | EPOLLHUP);
	spin_unlock_irq(&irq->wait.lock);
	if (irq->open_count)
		pcibuf_irq_stop(irq);
}

static void unregister_irq(struct pcibuf_irq *irq)
{
	char name[12];

	snprintf(name, sizeof(name), "%u", irq->vector);
	sysfs_remove_link_from_group(&irq->card->dev.kobj, PCIBUF_IRQ_LINKS,
				     name);
	device_del(&irq->dev);
	pcibuf_minor_unregister(&irq->minor);
}

/*
 * The PCI core turns INTx off when it gets MSIs, and on when it gives them back. It reads
 * and writes the command register without command_lock. If bus mastering changed in
 * between, the core would undo that, and a card that was stopped could write to memory
 * that was released. So these two functions hold card->lock.
 */
static int alloc_vectors(struct pcibuf_card *card, unsigned int nr,
			 unsigned int flags)
{
	int got;

	mutex_lock(&card->lock);
	got = pci_alloc_irq_vectors(card->pdev, 1, nr, flags);
	mutex_unlock(&card->lock);
	return got;
}

static void free_vectors(struct pcibuf_card *card)
{
	mutex_lock(&card->lock);
	if (card->irq_used != PCIBUF_IRQ_INTX)
		pci_free_irq_vectors(card->pdev);
	pcibuf_command_set_intx(card->pdev, false);
	mutex_unlock(&card->lock);
}

static void remove_irqs(struct pcibuf_card *card)
{
	unsigned int i;

	lockdep_assert_held(&card->irq_lock);
	if (!card->irqs)
		return;
	for (i = 0; i < card->nr_irqs; i++) {
		kill_irq(card->irqs[i]);
		unregister_irq(card->irqs[i]);
		put_device(&card->irqs[i]->dev);
	}
	card->nr_irqs = 0;
	kfree(card->irqs);
	card->irqs = NULL;
	free_vectors(card);
}

/* INTx can be had if the card has a line, and the line can be masked in the card. */
static int intx_vectors(struct pci_dev *pdev)
{
	if (!pdev->pin || !pdev->irq || pdev->irq == IRQ_NOTCONNECTED ||
	    !pci_intx_mask_supported(pdev))
		return 0;
	pcibuf_command_set_intx(pdev, false);
	return 1;
}

/*
 * Get up to @nr vectors of a type. Return how many, or -ENOMEM. The caller frees
 * vectors that are too few.
 */
static int get_vectors(struct pcibuf_card *card, enum pcibuf_irq_type type,
		       unsigned int nr)
{
	int got;

	if (type == PCIBUF_IRQ_INTX)
		return intx_vectors(card->pdev);
	got = alloc_vectors(card, nr, type == PCIBUF_IRQ_MSIX ? PCI_IRQ_MSIX :
								PCI_IRQ_MSI);
	return got < 0 && got != -ENOMEM ? 0 : got;
}

/* Set card->irq_used to the first type of which there are @nr vectors. */
static int choose_type(struct pcibuf_card *card, unsigned int nr,
		       unsigned int *most)
{
	enum pcibuf_irq_type type;
	int got;

	for (type = PCIBUF_IRQ_MSIX; type < PCIBUF_NR_IRQ_TYPES; type++) {
		if (card->irq_wanted != PCIBUF_IRQ_AUTO &&
		    card->irq_wanted != type)
			continue;
		got = get_vectors(card, type, nr);
		if (got < 0)
			return got;
		card->irq_used = type;
		if (got == nr)
			return 0;
		if (got)
			free_vectors(card);
		*most = max_t(unsigned int, *most, got);
	}
	return *most ? -ENOSPC : -EOPNOTSUPP;
}

/* Make the interrupts of vectors that the card has. */
static int make_irqs(struct pcibuf_card *card, unsigned int nr, kgid_t gid)
{
	struct pcibuf_irq *irq;
	int ret;

	while (card->nr_irqs < nr) {
		irq = new_irq(card, card->nr_irqs, gid);
		if (IS_ERR(irq))
			return PTR_ERR(irq);
		ret = register_irq(irq);
		if (ret) {
			/* Somebody may have opened the node meanwhile. */
			kill_irq(irq);
			put_device(&irq->dev);
			return ret;
		}
		card->irqs[card->nr_irqs++] = irq;
	}
	return 0;
}

static int add_irqs(struct pcibuf_card *card, unsigned int nr, kgid_t gid,
		    unsigned int *most)
{
	int ret;

	card->irqs = kcalloc(nr, sizeof(*card->irqs), GFP_KERNEL);
	if (!card->irqs)
		return -ENOMEM;
	ret = choose_type(card, nr, most);
	if (ret) {
		kfree(card->irqs);
		card->irqs = NULL;
		return ret;
	}
	ret = make_irqs(card, nr, gid);
	if (ret) {
		*most = 0;
		remove_irqs(card);
	}
	return ret;
}

/**
 * pcibuf_card_set_nr_irqs() - make interrupts, or take all away
 * @card: card in any state
 * @nr: number of interrupts; 0 takes all away, also from programs that have them open
 * @most: out: for -ENOSPC, the largest number that the card can have now; 0 where the
 *	machine has no number left for a node
 *
 * When this returns 0, the nodes exist, with their owner, and their links.
 *
 * Takes card->irq_lock, card->lock and minors_lock. Waits for readers of the attributes
 * of the interrupts. May sleep, but not for long.
 *
 * Return: 0; or a negative errno, and nothing has changed: -EBUSY (the card has
 * another number of interrupts, or a reset is under way), -ENOSPC, -EOPNOTSUPP (the
 * card has no interrupt of the type, or INTx that cannot be masked), -ENODEV (the
 * card is dying) or -ENOMEM.
 */
int pcibuf_card_set_nr_irqs(struct pcibuf_card *card, unsigned int nr,
			    unsigned int *most)
{
	int ret = 0;
	bool dying;
	kgid_t gid;

	*most = 0;
	mutex_lock(&card->irq_lock);
	mutex_lock(&card->lock);
	dying = card->state == PCIBUF_CARD_DYING;
	gid = card->gid;
	mutex_unlock(&card->lock);
	if (dying)
		ret = -ENODEV;
	else if (nr == card->nr_irqs)
		ret = 0;
	else if (card->irqs_paused || (nr && card->nr_irqs))
		ret = -EBUSY;
	else if (nr)
		ret = add_irqs(card, nr, gid, most);
	else
		remove_irqs(card);
	mutex_unlock(&card->irq_lock);
	return ret;
}

/**
 * pcibuf_card_remove_irqs() - take all interrupts away
 * @card: a card that is dying
 *
 * Takes card->irq_lock. Waits as pcibuf_card_set_nr_irqs() does.
 */
void pcibuf_card_remove_irqs(struct pcibuf_card *card)
{
	mutex_lock(&card->irq_lock);
	remove_irqs(card);
	mutex_unlock(&card->irq_lock);
}
