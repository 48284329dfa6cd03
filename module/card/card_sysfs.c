// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a card: the files in /sys/class/pcibuf_card/BDF.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/sysfs.h>
#include <linux/uidgid.h>

#include "buffer/buffer.h"
#include "card/card.h"

/* Return what ->store returns. Record a request that failed. */
static ssize_t finish(struct device *dev, struct device_attribute *attr,
		      const char *text, size_t len, int error)
{
	struct pcibuf_failure failure = {
		.verb = attr->attr.name,
		.text = text,
		.len = len,
		.error = error,
	};

	return pcibuf_card_finish(to_card(dev), &failure);
}

static ssize_t recover_store(struct device *dev, struct device_attribute *attr,
			     const char *text, size_t len)
{
	struct pcibuf_card *card = to_card(dev);
	unsigned int one;
	int ret = -EINVAL;

	if (!kstrtouint(text, 10, &one) && one == 1)
		ret = pcibuf_card_recover(card);
	return finish(dev, attr, text, len, ret);
}
static DEVICE_ATTR_WO(recover);

static ssize_t dma_mask_bits_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", fls64(dma_get_mask(dev->parent)));
}

/*
 * The card cannot change its mask while it has buffers, or an allocation is under way:
 * card->buffers has both. Nor while memory is parked, because a card without buffers did
 * not stop: the next buffer would get that memory, whatever its address.
 */
static bool uses_mask(struct pcibuf_card *card)
{
	lockdep_assert_held(&card->lock);
	return !list_empty(&card->buffers) ||
	       pcibuf_pool_quarantined_bytes(&card->pool);
}

/* The mask has 24 to 64 bits, and the platform must support it. */
static int set_mask(struct pcibuf_card *card, unsigned int bits)
{
	int ret = 0;

	if (bits < 24 || bits > 64)
		return -EINVAL;
	mutex_lock(&card->lock);
	if (card->state == PCIBUF_CARD_DYING)
		ret = -ENODEV;
	else if (uses_mask(card))
		ret = -EBUSY;
	else if (dma_set_mask_and_coherent(&card->pdev->dev,
					   DMA_BIT_MASK(bits)))
		ret = -EINVAL;
	mutex_unlock(&card->lock);
	return ret;
}

static ssize_t dma_mask_bits_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *text, size_t len)
{
	struct pcibuf_card *card = to_card(dev);
	unsigned int bits;
	int ret = -EINVAL;

	if (!kstrtouint(text, 10, &bits))
		ret = set_mask(card, bits);
	return finish(dev, attr, text, len, ret);
}
static DEVICE_ATTR_RW(dma_mask_bits);

static ssize_t max_bytes_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  pcibuf_quota_max(&to_card(dev)->pool.quota));
}

static ssize_t max_bytes_store(struct device *dev,
			       struct device_attribute *attr, const char *text,
			       size_t len)
{
	struct pcibuf_card *card = to_card(dev);
	int ret = -EINVAL;
	u64 bytes;

	/* A longer text arrives in parts, see request_sysfs.c. */
	if (len < PAGE_SIZE)
		ret = pcibuf_parse_size(text, len, &bytes);
	if (!ret)
		pcibuf_quota_set_max(&card->pool.quota, bytes);
	return finish(dev, attr, text, len, ret);
}
static DEVICE_ATTR_RW(max_bytes);

static ssize_t max_buffers_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", pcibuf_names_max(to_card(dev)));
}

static ssize_t max_buffers_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *text, size_t len)
{
	struct pcibuf_card *card = to_card(dev);
	unsigned int max;
	int ret = -EINVAL;

	if (!kstrtouint(text, 10, &max) && max) {
		WRITE_ONCE(card->max_buffers, max);
		ret = 0;
	}
	return finish(dev, attr, text, len, ret);
}
static DEVICE_ATTR_RW(max_buffers);

static ssize_t allocated_bytes_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  pcibuf_pool_used(&to_card(dev)->pool));
}
static DEVICE_ATTR_RO(allocated_bytes);

static ssize_t nr_buffers_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct pcibuf_card *card = to_card(dev);
	unsigned int nr;

	mutex_lock(&card->lock);
	nr = card->nr_buffers;
	mutex_unlock(&card->lock);
	return sysfs_emit(buf, "%u\n", nr);
}
static DEVICE_ATTR_RO(nr_buffers);

static ssize_t gid_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct pcibuf_card *card = to_card(dev);
	kgid_t gid;

	mutex_lock(&card->lock);
	gid = card->gid;
	mutex_unlock(&card->lock);
	return sysfs_emit(buf, "%u\n", from_kgid(&init_user_ns, gid));
}

static struct attribute *root_attrs[] = {
	&dev_attr_recover.attr,
	NULL
};

static const struct attribute_group root_group = {
	.attrs = root_attrs,
};

/*
 * Where memory runs out, some attributes have the new owner already. Give these
 * attributes back: that takes no memory, because they have room for an owner by now.
 */
static int give_to(struct pcibuf_card *card, kgid_t gid)
{
	struct kobject *kobj = &card->dev.kobj;
	int ret;

	ret = sysfs_group_change_owner(kobj, &pcibuf_user_group, GLOBAL_ROOT_UID, gid);
	if (ret)
		sysfs_group_change_owner(kobj, &pcibuf_user_group, GLOBAL_ROOT_UID,
					 card->gid);
	else
		card->gid = gid;
	return ret;
}

static int set_gid(struct pcibuf_card *card, kgid_t gid)
{
	int ret = -ENODEV;

	mutex_lock(&card->lock);
	if (card->state != PCIBUF_CARD_DYING)
		ret = give_to(card, gid);
	mutex_unlock(&card->lock);
	return ret;
}

static ssize_t gid_store(struct device *dev, struct device_attribute *attr,
			 const char *text, size_t len)
{
	struct pcibuf_card *card = to_card(dev);
	kgid_t gid = INVALID_GID;
	unsigned int number;
	int ret = -EINVAL;

	if (!kstrtouint(text, 10, &number))
		gid = make_kgid(&init_user_ns, number);
	if (gid_valid(gid))
		ret = set_gid(card, gid);
	return finish(dev, attr, text, len, ret);
}
static DEVICE_ATTR_RW(gid);

static ssize_t serial_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%016llx\n", to_card(dev)->setup.serial);
}
static DEVICE_ATTR_RO(serial);

static struct attribute *state_attrs[] = {
	&dev_attr_dma_mask_bits.attr,
	&dev_attr_max_bytes.attr,
	&dev_attr_max_buffers.attr,
	&dev_attr_allocated_bytes.attr,
	&dev_attr_nr_buffers.attr,
	&dev_attr_gid.attr,
	&dev_attr_serial.attr,
	NULL
};

static umode_t state_is_visible(struct kobject *kobj, struct attribute *attr,
				int n)
{
	struct pcibuf_card *card = to_card(kobj_to_dev(kobj));

	if (attr == &dev_attr_serial.attr && !card->setup.serial)
		return 0;
	return attr->mode;
}

static const struct attribute_group state_group = {
	.attrs = state_attrs,
	.is_visible = state_is_visible,
};

/* An empty group makes the directory for the links to the buffers. */
static struct attribute *no_attrs[] = {
	NULL
};

static const struct attribute_group links_group = {
	.name = PCIBUF_LINKS,
	.attrs = no_attrs,
};

const struct attribute_group *pcibuf_card_groups[] = {
	&pcibuf_user_group,
	&pcibuf_revoke_group,
	&root_group,
	&state_group,
	&links_group,
	&pcibuf_irq_group,
	&pcibuf_irq_links_group,
	NULL
};

/**
 * pcibuf_card_sysfs_drain() - accept no more requests, and wait for requests under
 *	way
 * @card: a card that is dying, so that a long request gives up
 *
 * The caller holds no lock that a request takes: neither card->alloc_lock nor
 * card->lock. May sleep for long.
 */
void pcibuf_card_sysfs_drain(struct pcibuf_card *card)
{
	sysfs_remove_group(&card->dev.kobj, &pcibuf_user_group);
	sysfs_remove_group(&card->dev.kobj, &pcibuf_revoke_group);
	sysfs_remove_group(&card->dev.kobj, &root_group);
}
