// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous allocation lock: one search for a large range at a time on the machine,
 * and none while memory is taken out.
 *
 * The lock is a semaphore, because a semaphore is handed to the task that waits. With
 * a mutex that is tried now and then, a task that asks all the time for what is not
 * there would hardly ever let others find it free.
 */
#include <linux/gfp.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/semaphore.h>

#include "compat.h"
#include "memory/pages/pages.h"

/* How long to wait before the allocation looks whether it goes on. */
#define LOCK_POLL	(HZ / 50)

/*
 * How long memory that is taken out waits for a search to end. A search looks up after
 * each slice.
 */
#define SEARCH_ENDS	(2 * HZ)

/* Down while somebody searches. */
static struct semaphore contig_lock;
/*
 * Memory is about to be taken out, with its struct pages: no search begins, and the
 * search under way ends. The notifier writes this; others read it without a lock.
 */
static bool offlining;

/**
 * pcibuf_contig_lock() - wait for the turn to search
 * @ctx: the allocation
 *
 * The wait looks around now and then: a signal ends it, and so does the end of the
 * card.
 *
 * Return: %PCIBUF_DONE, and pcibuf_contig_unlock() is due; or as
 * pcibuf_ctx_interrupted().
 */
enum pcibuf_outcome pcibuf_contig_lock(const struct pcibuf_alloc_ctx *ctx)
{
	while (down_timeout(&contig_lock, LOCK_POLL)) {
		enum pcibuf_outcome outcome = pcibuf_ctx_interrupted(ctx);

		if (outcome != PCIBUF_DONE)
			return outcome;
	}
	return PCIBUF_DONE;
}

/**
 * pcibuf_contig_unlock() - let others search
 */
void pcibuf_contig_unlock(void)
{
	up(&contig_lock);
}

/**
 * pcibuf_contig_take() - take exactly these pages
 * @ctx: the allocation
 * @pfn: page frame number of the first page
 * @nr_pages: number of base pages
 *
 * The caller holds the contiguous allocation lock. Only a fatal signal ends the attempt,
 * between two pages, so ask for little.
 *
 * Return: %PCIBUF_DONE, and each is a base page that belongs to the caller, not
 * zeroed and charged to nobody; %PCIBUF_NONE; or as pcibuf_cpu_ping().
 */
enum pcibuf_outcome pcibuf_contig_take(struct pcibuf_alloc_ctx *ctx,
				       unsigned long pfn,
				       unsigned long nr_pages)
{
	enum pcibuf_outcome outcome = pcibuf_cpu_ping(ctx);

	if (outcome != PCIBUF_DONE)
		return outcome;
	if (READ_ONCE(offlining))
		return PCIBUF_NONE;
	switch (alloc_contig_range(pfn, pfn + nr_pages, PCIBUF_CONTIG_FLAGS,
				   GFP_KERNEL | __GFP_NOWARN)) {
	case 0:
		return PCIBUF_DONE;
	case -EINTR:
		return PCIBUF_KILLED;
	default:
		return PCIBUF_NONE;
	}
}

/**
 * pcibuf_contig_interrupted() - does a search go on?
 * @ctx: the allocation, which holds the contiguous allocation lock
 *
 * Return: %PCIBUF_DONE where it goes on, %PCIBUF_NONE where it has to make way for
 * memory that is taken out, or as pcibuf_ctx_interrupted().
 */
enum pcibuf_outcome pcibuf_contig_interrupted(const struct pcibuf_alloc_ctx *ctx)
{
	cond_resched();
	if (READ_ONCE(offlining))
		return PCIBUF_NONE;
	return pcibuf_ctx_interrupted(ctx);
}

/*
 * A search looks at struct pages, which go with their memory, and a contiguous
 * allocation that fails would undo the isolation of memory that is to go. So the
 * search under way is told to end, and waited for. One page can hold it up for ever, if
 * the server of a file system has to write that page first. Then the memory stays.
 *
 * The search is waited for once more at the end, before the struct pages go: another may
 * have begun meanwhile. That one moves nothing, and ends at its first look.
 */
static int offline_notify(struct notifier_block *block, unsigned long action,
			  void *arg)
{
	switch (action) {
	case MEM_GOING_OFFLINE:
		WRITE_ONCE(offlining, true);
		/* If this refuses, MEM_CANCEL_OFFLINE follows. */
		if (down_timeout(&contig_lock, SEARCH_ENDS))
			return notifier_from_errno(-EBUSY);
		up(&contig_lock);
		break;
	case MEM_OFFLINE:
		down(&contig_lock);
		up(&contig_lock);
		fallthrough;
	case MEM_CANCEL_OFFLINE:
		WRITE_ONCE(offlining, false);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block offline_block = {
	.notifier_call = offline_notify,
};

/**
 * pcibuf_contig_init() - set up the lock and watch memory that is taken out
 *
 * Return: 0 or a negative errno.
 */
int pcibuf_contig_init(void)
{
	sema_init(&contig_lock, 1);
	pcibuf_cpu_ping_init();
	return register_memory_notifier(&offline_block);
}

/**
 * pcibuf_contig_exit() - undo pcibuf_contig_init()
 */
void pcibuf_contig_exit(void)
{
	unregister_memory_notifier(&offline_block);
	pcibuf_cpu_ping_exit();
}
