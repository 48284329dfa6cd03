/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory a card, and all cards together, may take.
 */
#ifndef PCIBUF_QUOTA_H
#define PCIBUF_QUOTA_H

#include <linux/moduleparam.h>
#include <linux/types.h>

/**
 * struct pcibuf_quota - what one card takes; all bytes, all under quota_lock
 * @max: the card's own limit, 0 where none was set and max_total alone counts
 * @used: its buffers, those being made, and what is parked with it
 */
struct pcibuf_quota {
	u64 max;
	u64 used;
};

/**
 * enum pcibuf_quota_over - which limit a charge would have exceeded
 * @PCIBUF_QUOTA_CARD: the card's
 * @PCIBUF_QUOTA_TOTAL: that of all cards together
 */
enum pcibuf_quota_over {
	PCIBUF_QUOTA_OK,
	PCIBUF_QUOTA_CARD,
	PCIBUF_QUOTA_TOTAL,
};

extern const struct kernel_param_ops pcibuf_max_total_ops;

enum pcibuf_quota_over pcibuf_quota_charge(struct pcibuf_quota *quota,
					   u64 bytes);
void pcibuf_quota_uncharge(struct pcibuf_quota *quota, u64 bytes);
u64 pcibuf_quota_used(struct pcibuf_quota *quota);
u64 pcibuf_quota_max(struct pcibuf_quota *quota);
void pcibuf_quota_set_max(struct pcibuf_quota *quota, u64 bytes);

#endif /* PCIBUF_QUOTA_H */
