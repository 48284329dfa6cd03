// SPDX-License-Identifier: GPL-2.0-only
/*
 * Search: the turn to look for a large range, and to take it. One at a time on the
 * machine, and none while memory is taken out.
 *
 * A semaphore, because it is handed to one who waits: who asks all the time for what
 * cannot be had would else hardly ever let others find it free.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/semaphore.h>

#include "compat.h"
#include "memory/pages/pages.h"

/* How long to wait before a look at what may have ended the wait. */
#define SEARCH_POLL	(HZ / 50)

/* Down while somebody searches. */
static struct semaphore turn;
/*
 * Memory is about to be taken out, with its struct pages: no search begins, and
 * the one under way ends. Written by the notifier, read without a lock.
 */
static bool offlining;

/**
 * pcibuf_contig_lock() - wait for the turn to search
 * @state: the allocation
 *
 * With looks now and then: besides a signal the end of the card has to end the wait.
 *
 * Return: 0, -EINTR or -ENODEV.
 */
int pcibuf_contig_lock(struct pcibuf_alloc_state *state)
{
	while (down_timeout(&turn, SEARCH_POLL)) {
		int ret = pcibuf_ctx_interrupted(state->pool);

		if (ret)
			return ret;
	}
	return 0;
}

/**
 * pcibuf_contig_unlock() - let others search
 */
void pcibuf_contig_unlock(void)
{
	up(&turn);
}

/**
 * pcibuf_contig_take() - take these very pages
 * @pfn: the first
 * @nr: how many
 *
 * Called by whoever searches. Moving a range of many GiB takes many seconds, and
 * only a fatal signal ends that, between two pages.
 *
 * Return: 0, and each is a single page that belongs to the caller, not zeroed and
 * charged to nobody; -EINTR; or -ENOMEM.
 */
int pcibuf_contig_take(unsigned long pfn, unsigned long nr)
{
	int ret;

	if (READ_ONCE(offlining))
		return -ENOMEM;
	ret = alloc_contig_range(pfn, pfn + nr, PCIBUF_CONTIG_FLAGS,
				 GFP_KERNEL | __GFP_NOWARN);
	return ret && ret != -EINTR ? -ENOMEM : ret;
}

/**
 * pcibuf_contig_interrupted() - shall a search go on?
 * @state: the allocation
 *
 * Return: 0; -EINTR or -ENODEV; -ENOMEM where it is to make way.
 */
int pcibuf_contig_interrupted(struct pcibuf_alloc_state *state)
{
	cond_resched();
	if (READ_ONCE(offlining))
		return -ENOMEM;
	return pcibuf_ctx_interrupted(state->pool);
}

static void wait_for_search(void)
{
	down(&turn);
	up(&turn);
}

/*
 * Whoever searches looks at struct pages, which go with their memory; and a claim
 * that fails would undo the isolation of what is to go. So the search under way
 * is told, and waited for; and once more at the end, before the struct pages go,
 * for one that began meanwhile.
 */
static int offline_notify(struct notifier_block *block, unsigned long action,
			  void *arg)
{
	switch (action) {
	case MEM_GOING_OFFLINE:
		WRITE_ONCE(offlining, true);
		wait_for_search();
		break;
	case MEM_OFFLINE:
		wait_for_search();
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
 * pcibuf_contig_init() - set up
 *
 * Return: 0 or an error.
 */
int pcibuf_contig_init(void)
{
	sema_init(&turn, 1);
	return register_memory_notifier(&offline_block);
}

/**
 * pcibuf_contig_exit() - undo pcibuf_contig_init()
 */
void pcibuf_contig_exit(void)
{
	unregister_memory_notifier(&offline_block);
}
