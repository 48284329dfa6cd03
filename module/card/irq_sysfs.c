// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a card that are about interrupts.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "card/card.h"

static const char *const types[] = {
	[PCIBUF_IRQ_AUTO] = "auto",
	[PCIBUF_IRQ_MSIX] = "msix",
	[PCIBUF_IRQ_MSI] = "msi",
	[PCIBUF_IRQ_INTX] = "intx",
};

static_assert(ARRAY_SIZE(types) == PCIBUF_NR_IRQ_TYPES);

/* Return what ->store returns. Record a request that failed. */
static ssize_t finish(struct device *dev, struct device_attribute *attr,
		      const char *text, size_t len, int error,
		      const char *words)
{
	struct pcibuf_failure failure = {
		.verb = attr->attr.name,
		.text = text,
		.len = len,
		.error = error,
		.words = words,
	};

	return pcibuf_card_finish(to_card(dev), &failure);
}

static const char *const busy_words =
	"the card has interrupts, and only 0 takes them away; or it is being reset";

static ssize_t irq_type_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	struct pcibuf_card *card = to_card(dev);
	enum pcibuf_irq_type type;

	mutex_lock(&card->irq_lock);
	type = card->nr_irqs ? card->irq_used : card->irq_wanted;
	mutex_unlock(&card->irq_lock);
	return sysfs_emit(buf, "%s\n", types[type]);
}

static ssize_t irq_type_store(struct device *dev, struct device_attribute *attr,
			      const char *text, size_t len)
{
	struct pcibuf_card *card = to_card(dev);
	int type = sysfs_match_string(types, text);
	int ret = 0;

	mutex_lock(&card->irq_lock);
	if (type < 0)
		ret = type;
	else if (card->nr_irqs)
		ret = -EBUSY;
	else
		card->irq_wanted = type;
	mutex_unlock(&card->irq_lock);
	return finish(dev, attr, text, len, ret,
		      ret == -EBUSY ? busy_words : NULL);
}
static DEVICE_ATTR_RW(irq_type);

static ssize_t nr_irqs_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct pcibuf_card *card = to_card(dev);
	unsigned int nr;

	mutex_lock(&card->irq_lock);
	nr = card->nr_irqs;
	mutex_unlock(&card->irq_lock);
	return sysfs_emit(buf, "%u\n", nr);
}

/* The words for a failure that has other words than the same errno of an allocation. */
static const char *nr_words(int error, unsigned int most, char words[160])
{
	switch (error) {
	case -EBUSY:
		return busy_words;
	case -ENOSPC:
		if (!most)
			return NULL;
		snprintf(words, 160,
			 "the card can have %u of this type now (more than one MSI needs interrupt remapping on x86); write that number, or another irq_type",
			 most);
		return words;
	case -EOPNOTSUPP:
		return "no interrupt of this type, or only an INTx that cannot be masked";
	default:
		return NULL;
	}
}

static ssize_t nr_irqs_store(struct device *dev, struct device_attribute *attr,
			     const char *text, size_t len)
{
	unsigned int nr, most = 0;
	int ret = -EINVAL;
	char words[160];

	if (!kstrtouint(text, 10, &nr) && nr <= PCIBUF_MAX_IRQS)
		ret = pcibuf_card_set_nr_irqs(to_card(dev), nr, &most);
	return finish(dev, attr, text, len, ret, nr_words(ret, most, words));
}
static DEVICE_ATTR_RW(nr_irqs);

static struct attribute *irq_attrs[] = {
	&dev_attr_irq_type.attr,
	&dev_attr_nr_irqs.attr,
	NULL
};

const struct attribute_group pcibuf_irq_group = {
	.attrs = irq_attrs,
};

/* An empty group makes the directory for the links to the interrupts. */
static struct attribute *no_attrs[] = {
	NULL
};

const struct attribute_group pcibuf_irq_links_group = {
	.name = PCIBUF_IRQ_LINKS,
	.attrs = no_attrs,
};
