// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quota: memory is charged before it is taken from the system, and uncharged after
 * it was released.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "lib/parse.h"
#include "memory/quota.h"

/* Protects the quota of every card, total_used and total_max. Innermost lock. */
static DEFINE_SPINLOCK(quota_lock);
/* Bytes charged to all cards together. */
static u64 total_used;
/* Module parameter max_total in bytes. 0 until it is set: see max_total(). */
static u64 total_max;

/* Called under quota_lock. The default is a quarter of the RAM that is online now. */
static u64 max_total(void)
{
	return total_max ?: (u64)totalram_pages() * PAGE_SIZE / 4;
}

static int max_total_set(const char *text, const struct kernel_param *param)
{
	u64 bytes;
	int ret;

	ret = pcibuf_parse_size(text, strlen(text), &bytes);
	if (ret) {
		pr_err("pcibuf: max_total: not a size: it wants a number and K, M, G or T\n");
		return ret;
	}
	spin_lock(&quota_lock);
	total_max = bytes;
	spin_unlock(&quota_lock);
	return 0;
}

static int max_total_get(char *text, const struct kernel_param *param)
{
	u64 bytes;

	spin_lock(&quota_lock);
	bytes = max_total();
	spin_unlock(&quota_lock);
	return sprintf(text, "%llu\n", bytes);
}

const struct kernel_param_ops pcibuf_max_total_ops = {
	.set = max_total_set,
	.get = max_total_get,
};

/* A limit can be lowered below @used: subtract only after that was ruled out. */
static bool exceeds(u64 used, u64 bytes, u64 max)
{
	return used > max || bytes > max - used;
}

/**
 * pcibuf_quota_charge() - charge bytes to a card and to all cards together
 * @quota: quota of the card
 * @bytes: bytes to charge. 0 bytes can always be charged
 *
 * Return: %PCIBUF_QUOTA_OK; or the limit that the charge exceeds, and nothing is
 * charged.
 */
enum pcibuf_quota_over pcibuf_quota_charge(struct pcibuf_quota *quota,
					   u64 bytes)
{
	enum pcibuf_quota_over over = PCIBUF_QUOTA_OK;

	spin_lock(&quota_lock);
	if (bytes && quota->max && exceeds(quota->used, bytes, quota->max)) {
		over = PCIBUF_QUOTA_CARD;
	} else if (bytes && exceeds(total_used, bytes, max_total())) {
		over = PCIBUF_QUOTA_TOTAL;
	} else {
		quota->used += bytes;
		total_used += bytes;
	}
	spin_unlock(&quota_lock);
	return over;
}

/**
 * pcibuf_quota_uncharge() - undo pcibuf_quota_charge(), or a part of it
 * @quota: quota of the card
 * @bytes: bytes to uncharge, at most the bytes that are charged
 */
void pcibuf_quota_uncharge(struct pcibuf_quota *quota, u64 bytes)
{
	spin_lock(&quota_lock);
	WARN_ON_ONCE(bytes > quota->used);
	quota->used -= bytes;
	total_used -= bytes;
	spin_unlock(&quota_lock);
}

/**
 * pcibuf_quota_move() - charge bytes to another quota instead
 * @from: quota that they are charged to
 * @to: quota that they are charged to from now on, whatever its limit
 * @bytes: bytes to move, at most the bytes that are charged
 */
void pcibuf_quota_move(struct pcibuf_quota *from, struct pcibuf_quota *to,
		       u64 bytes)
{
	spin_lock(&quota_lock);
	WARN_ON_ONCE(bytes > from->used);
	from->used -= bytes;
	to->used += bytes;
	spin_unlock(&quota_lock);
}

/**
 * pcibuf_quota_total() - bytes charged to all cards now
 *
 * Takes quota_lock.
 *
 * Return: bytes.
 */
u64 pcibuf_quota_total(void)
{
	u64 bytes;

	spin_lock(&quota_lock);
	bytes = total_used;
	spin_unlock(&quota_lock);
	return bytes;
}

/**
 * pcibuf_quota_used() - how much is charged to a card now
 * @quota: quota of the card
 *
 * Return: bytes.
 */
u64 pcibuf_quota_used(struct pcibuf_quota *quota)
{
	u64 bytes;

	spin_lock(&quota_lock);
	bytes = quota->used;
	spin_unlock(&quota_lock);
	return bytes;
}

/**
 * pcibuf_quota_max() - limit that applies to a card
 * @quota: quota of the card
 *
 * Return: bytes: the card's own limit, or max_total where the card has none.
 */
u64 pcibuf_quota_max(struct pcibuf_quota *quota)
{
	u64 bytes;

	spin_lock(&quota_lock);
	bytes = quota->max ?: max_total();
	spin_unlock(&quota_lock);
	return bytes;
}

/**
 * pcibuf_quota_set_max() - set the limit of a card
 * @quota: quota of the card
 * @bytes: limit in bytes; may be above max_total, and below the bytes in use
 */
void pcibuf_quota_set_max(struct pcibuf_quota *quota, u64 bytes)
{
	spin_lock(&quota_lock);
	quota->max = bytes;
	spin_unlock(&quota_lock);
}
