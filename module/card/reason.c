// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reason: why a request failed, as a text for last_error and the log. The text says
 * what limited the request, and what would help.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>

#include "card/card.h"
#include "memory/dma.h"
#include "memory/quota.h"

/* Number of bytes of the user's text that the reason quotes. */
#define MAX_QUOTE	80

static const struct error {
	int error;
	const char *name;
	const char *words;
} errors[] = {
	{ -EINVAL, "EINVAL",
	  "malformed; alloc and alloc_sg take SIZE[K|M|G|T] [LABEL] [align=SIZE], free and revoke take a label, an index or pcibufN, dma_mask_bits takes 24 to 64 if the platform supports it, max_bytes takes a size, max_buffers and gid take a number, irq_type takes auto, msix, msi or intx, nr_irqs takes 0 to 256, recover takes 1"
	},
	{ -EEXIST, "EEXIST",
	  "this card has a buffer with that label; free that buffer or choose another label" },
	{ -EDQUOT, "EDQUOT",
	  "over a quota" },
	{ -ENOMEM, "ENOMEM",
	  "no memory for the records of the buffer" },
	{ -ENOSPC, "ENOSPC",
	  "the machine has no number left for another node; free some buffers" },
	{ -ENOENT, "ENOENT",
	  "this card has no such buffer; see buffers/" },
	{ -EBUSY, "EBUSY",
	  "in use; close and unmap the buffer (root can write to revoke), or free all buffers and stop the card before you change the mask"
	},
	{ -EOPNOTSUPP, "EOPNOTSUPP",
	  "the card cannot do this" },
	{ -EINTR, "EINTR",
	  "a fatal signal ended the request; nothing was allocated" },
	{ -ENODEV, "ENODEV",
	  "the card is going away" },
	{ -EIO, "EIO",
	  "the card does not answer; load it and wait for its link" },
	{ -ENXIO, "ENXIO",
	  "another device answers, or the card has other BARs; free the buffers, write 1 to remove of the PCI device, and 1 to /sys/bus/pci/rescan"
	},
};

/*
 * Texts for -ENOMEM, by enum pcibuf_outcome. Where an outcome has no text here, the
 * reason uses the text of the errno in errors[].
 */
static const char *const limits[] = {
	[PCIBUF_NO_RESERVE] =
		"too little memory would be left for the rest of the machine; ask for less, or stop programs that use memory",
	[PCIBUF_NO_CGROUP] =
		"the memory cgroup of the caller is full; raise its memory.max",
	[PCIBUF_NO_MASK] =
		"no free memory at addresses below the mask; raise dma_mask_bits if the card drives more bits, use an IOMMU, or allocate earlier",
	[PCIBUF_NO_RANGE] =
		"no contiguous memory of that size; use alloc_sg, an IOMMU, a wider mask if the card drives more bits, or allocate earlier",
	[PCIBUF_NO_CPU] =
		"no contiguous memory of that size, and no memory can be moved while a real-time task owns a processor; use alloc_sg or an IOMMU, stop the task, or allocate earlier",
	[PCIBUF_NO_BOUNCE] =
		"the IOMMU's driver would copy the data instead of letting the card reach the buffer",
	[PCIBUF_NO_IOVA] =
		"the IOMMU has no free range of that size below the mask; raise dma_mask_bits if the card drives more bits, or use alloc_sg",
	[PCIBUF_NO_COHERENT] =
		"dma_alloc_coherent() has no memory of that size below the mask; raise dma_mask_bits if the card drives more bits, reserve CMA memory (cma= on the kernel command line), use an IOMMU, ask for less, or allocate earlier",
	[PCIBUF_NO_ALIGN] =
		"no such memory at bus addresses that are multiples of align; use a smaller align, or allocate earlier",
	[PCIBUF_OVER_NATURAL] =
		"behind an IOMMU, and from dma_alloc_coherent(), align can be at most the size, rounded up to a power of two; ask for a larger size or a smaller align",
};

static_assert(ARRAY_SIZE(limits) == PCIBUF_NR_OUTCOMES);

/* Texts for -EINVAL of alloc and alloc_sg, by enum pcibuf_bad_word. */
static const char *const bad_words[] = {
	[PCIBUF_BAD_SIZE] =
		"the size is malformed; alloc and alloc_sg take SIZE[K|M|G|T] [LABEL] [align=SIZE]",
	[PCIBUF_BAD_LABEL] =
		"the label is malformed; alloc and alloc_sg take SIZE[K|M|G|T] [LABEL] [align=SIZE], and a label has 1 to 31 letters, digits, _, . or -, and is no number, no pcibufN and no unit",
	[PCIBUF_BAD_EXTRA] =
		"a word follows that is no key=value; alloc and alloc_sg take SIZE[K|M|G|T] [LABEL] [align=SIZE]",
	[PCIBUF_BAD_KEY] =
		"there is no such key; the only key is align",
	[PCIBUF_BAD_TWICE] =
		"align is given twice",
	[PCIBUF_BAD_ALIGN] =
		"the value of align is malformed or too large; write align=SIZE[K|M|G|T]",
	[PCIBUF_BAD_POWER] =
		"the value of align is not a power of two",
};

static_assert(ARRAY_SIZE(bad_words) == PCIBUF_NR_BAD_WORDS);

static const struct error unexpected = { 0, "error", "unexpected" };

static const struct error *look_up(int error)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].error == error)
			return &errors[i];
	return &unexpected;
}

/* Quote the user's text, without bytes that could disturb a terminal or a log. */
static void quote(const struct pcibuf_failure *failure, char out[MAX_QUOTE + 1])
{
	size_t i, len = failure->len;

	if (len && failure->text[len - 1] == '\n')
		len--;
	len = min_t(size_t, len, MAX_QUOTE);
	for (i = 0; i < len; i++) {
		char c = failure->text[i];

		out[i] = c >= ' ' && c <= '~' && c != '"' ? c : '?';
	}
	out[len] = '\0';
}

/* Where max_total is the limit, what lingers of all cards counts. */
static u64 lingering_bytes(const struct pcibuf_alloc_ctx *ctx)
{
	return pcibuf_lingering_bytes(ctx->outcome == PCIBUF_OVER_CARD ?
					      &ctx->pool->lingering : NULL);
}

static int quota_words(const struct pcibuf_failure *failure, char *words,
		       size_t size)
{
	struct pcibuf_pool *pool = failure->ctx->pool;
	u64 parked = pcibuf_pool_quarantined_bytes(pool);
	u64 lingering = lingering_bytes(failure->ctx);
	u64 used = pcibuf_quota_used(&pool->quota);
	int len;

	if (failure->ctx->outcome == PCIBUF_OVER_CARD)
		len = scnprintf(words, size,
				"over max_bytes, the quota of this card (%llu bytes, of which %llu are in use); free buffers, or root can raise max_bytes",
				pcibuf_quota_max(&pool->quota), used);
	else
		len = scnprintf(words, size,
				"over max_total, the quota of all cards together (this card uses %llu bytes); free buffers, or root can raise the module parameter max_total",
				used);
	if (parked)
		len += scnprintf(words + len, size - len,
				 "; %llu bytes are parked until the card's last buffer is freed",
				 parked);
	if (lingering)
		len += scnprintf(words + len, size - len,
				 "; %llu bytes of freed buffers are still held by pipes, sockets or direct I/O",
				 lingering);
	return len;
}

/* Texts by the bit number of enum pcibuf_steps. */
static const char *const steps[] = {
	[const_ilog2(PCIBUF_STEP_BLOCK)] = ", no free block",
	[const_ilog2(PCIBUF_STEP_NEIGHBOURS)] =
		", no free neighbouring blocks",
	[const_ilog2(PCIBUF_STEP_CONTIG)] =
		", no range that could be emptied",
	[const_ilog2(PCIBUF_STEP_CMA)] = ", no free CMA memory",
};

static_assert(ARRAY_SIZE(steps) == PCIBUF_NR_STEPS);

/* Name the steps that were tried to get contiguous memory. */
static int steps_words(const struct pcibuf_alloc_ctx *ctx, char *words,
		       size_t size)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		if ((ctx->outcome == PCIBUF_NO_RANGE ||
		     ctx->outcome == PCIBUF_NO_CPU) && ctx->steps & BIT(i))
			len += scnprintf(words + len, size - len, "%s",
					 steps[i]);
	if (len && ctx->tries)
		len += scnprintf(words + len, size - len, ", %u tries",
				 ctx->tries);
	if (len && ctx->stuck)
		len += scnprintf(words + len, size - len,
				 ", processor %u does not answer",
				 ctx->stuck_cpu);
	return len;
}

/* The zone that kept its share. */
static int spared_words(const struct pcibuf_alloc_ctx *ctx, char *words,
			size_t size)
{
	if (!ctx->spared_zone || (ctx->outcome != PCIBUF_NO_RESERVE &&
				  ctx->outcome != PCIBUF_NO_RANGE))
		return 0;
	return scnprintf(words, size, ", zone %s of node %d keeps its share",
			 ctx->spared_zone, ctx->spared_node);
}

/*
 * A range of another alignment might have been there, so the alignment is named as
 * the limit.
 */
static const char *limit_text(const struct pcibuf_alloc_ctx *ctx)
{
	if (pcibuf_ctx_is_aligned(ctx) && (ctx->outcome == PCIBUF_NO_RANGE ||
					   ctx->outcome == PCIBUF_NO_COHERENT))
		return limits[PCIBUF_NO_ALIGN];
	return limits[ctx->outcome];
}

static int memory_words(const struct pcibuf_failure *failure, char *words,
			size_t size)
{
	const struct pcibuf_alloc_ctx *ctx = failure->ctx;
	struct device *dev = ctx->pool->dev;
	int len;

	len = scnprintf(words, size, "%s", limit_text(ctx));
	len += scnprintf(words + len, size - len,
			 " (%llu bytes, mask %u bits, %s", ctx->size,
			 fls64(dma_get_mask(dev)),
			 pcibuf_dma_translated(dev) ? "IOMMU" : "no IOMMU");
	if (pcibuf_ctx_is_aligned(ctx))
		len += scnprintf(words + len, size - len, ", align %llu bytes",
				 ctx->align);
	len += steps_words(ctx, words + len, size - len);
	len += spared_words(ctx, words + len, size - len);
	return len + scnprintf(words + len, size - len, ")");
}

static int buffers_words(struct pcibuf_card *card, char *words, size_t size)
{
	return scnprintf(words, size,
			 "the card has its %u buffers (max_buffers); free buffers, or root can raise max_buffers",
			 pcibuf_names_max(card));
}

static int limit_words(struct pcibuf_card *card,
		       const struct pcibuf_failure *failure, char *words,
		       size_t size)
{
	const struct pcibuf_alloc_ctx *ctx = failure->ctx;

	if (failure->words)
		return scnprintf(words, size, "%s", failure->words);
	/* Where no memory was asked for yet, the number of buffers was the limit. */
	if (failure->error == -EDQUOT && ctx->outcome == PCIBUF_DONE)
		return buffers_words(card, words, size);
	if (failure->error == -EDQUOT)
		return quota_words(failure, words, size);
	if (failure->error == -ENOMEM && ctx && limits[ctx->outcome])
		return memory_words(failure, words, size);
	if (failure->bad)
		return scnprintf(words, size, "%s", bad_words[failure->bad]);
	return scnprintf(words, size, "%s", look_up(failure->error)->words);
}

/* The text is one line of ASCII, without a newline. Called under card->lock. */
static void put_into_words(struct pcibuf_card *card,
			   const struct pcibuf_failure *failure)
{
	char *words = card->last_error;
	char text[MAX_QUOTE + 1];
	int at;

	quote(failure, text);
	at = scnprintf(words, PCIBUF_REASON_SIZE, "%s \"%s\": %s: ",
		       failure->verb, text, look_up(failure->error)->name);
	limit_words(card, failure, words + at, PCIBUF_REASON_SIZE - at);
}

/**
 * pcibuf_card_failed() - store the reason of a failed request in last_error
 * @card: card in any state
 * @failure: the request and its error
 *
 * Log only failures that need an administrator (-ENOMEM), and rate limit them: every
 * member of the card's group can make a request fail.
 *
 * Takes card->lock, and inside it pool->lock, linger_lock and quota_lock.
 */
void pcibuf_card_failed(struct pcibuf_card *card,
			const struct pcibuf_failure *failure)
{
	mutex_lock(&card->lock);
	put_into_words(card, failure);
	if (failure->error == -ENOMEM && __ratelimit(&card->log))
		dev_notice(&card->dev, "%s\n", card->last_error);
	mutex_unlock(&card->lock);
}
