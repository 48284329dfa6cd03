/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Quota: how much memory one card, and all cards together, may take.
 *
 * Every function takes quota_lock, a spinlock. No function sleeps. The caller may
 * hold card->lock and pool->lock.
 */
#ifndef PCIBUF_QUOTA_H
#define PCIBUF_QUOTA_H

#include <linux/moduleparam.h>
#include <linux/types.h>

/**
 * struct pcibuf_quota - quota of one card; quota_lock protects all fields
 * @max: limit of the card in bytes; 0 where nobody set one, and only max_total
 *	applies
 * @used: bytes charged to the card: its buffers, its allocations under way, its
 *	memory in quarantine, and what was freed and is still held
 */
struct pcibuf_quota {
	u64 max;
	u64 used;
};

/**
 * enum pcibuf_quota_over - which limit a charge exceeds
 * @PCIBUF_QUOTA_OK: none; the bytes were charged
 * @PCIBUF_QUOTA_CARD: the limit of the card
 * @PCIBUF_QUOTA_TOTAL: max_total, the limit of all cards together
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
void pcibuf_quota_move(struct pcibuf_quota *from, struct pcibuf_quota *to,
		       u64 bytes);
u64 pcibuf_quota_total(void);
u64 pcibuf_quota_used(struct pcibuf_quota *quota);
u64 pcibuf_quota_max(struct pcibuf_quota *quota);
void pcibuf_quota_set_max(struct pcibuf_quota *quota, u64 bytes);

#endif /* PCIBUF_QUOTA_H */
