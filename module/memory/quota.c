// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quota: charged before memory is handed out, given back after it was released.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "lib/parse.h"
#include "memory/quota.h"

/* Protects every card's quota and the two totals. */
static DEFINE_SPINLOCK(quota_lock);
static u64 total_used;
/* 0 until it is set: the default follows the size of the machine. */
static u64 total_max;

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

/* Limits can be lowered below what is in use, so never subtract first. */
static bool exceeds(u64 used, u64 bytes, u64 max)
{
	return used > max || bytes > max - used;
}

/**
 * pcibuf_quota_charge() - take @bytes from a card's quota and from max_total
 * @quota: of the card
 * @bytes: how many; 0 is fine
 *
 * Return: the limit that stood in the way, %PCIBUF_QUOTA_OK on success.
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
 * pcibuf_quota_uncharge() - give back what pcibuf_quota_charge() took
 * @quota: of the card
 * @bytes: how many
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
 * pcibuf_quota_used() - bytes charged now
 * @quota: of the card
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
 * pcibuf_quota_max() - the card's limit in bytes, max_total where none was set
 * @quota: of the card
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
 * pcibuf_quota_set_max() - set the card's limit
 * @quota: of the card
 * @bytes: may be above max_total, and below what is in use
 */
void pcibuf_quota_set_max(struct pcibuf_quota *quota, u64 bytes)
{
	spin_lock(&quota_lock);
	quota->max = bytes;
	spin_unlock(&quota_lock);
}
