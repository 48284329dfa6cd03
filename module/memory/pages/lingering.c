// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lingering pages: pages of a freed buffer that somebody still holds.
 *
 * A pipe, a socket or direct I/O can hold a page for as long as a user likes, and one
 * base page holds the whole huge page that it is a part of. So the driver keeps its own
 * reference too, and the page counts as memory of the card, until nobody else holds the
 * page. A worker looks, and so does an allocation that is over a quota.
 *
 * The pages of a card that is gone are charged to max_total alone. Nothing waits for
 * them: when the module is unloaded, whoever holds a page gets it.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "memory/memory.h"
#include "memory/pages/pages.h"

/*
 * Time between two looks of the worker. Somebody who has closed his pipe waits that long
 * for his quota, unless he allocates.
 */
#define LOOK_EVERY	HZ

/* The worker sleeps that much longer than it worked: it takes a 16th of a processor. */
#define REST		15

/* Pages that are looked at before the lock is dropped: 64 huge pages to free at most. */
#define BATCH		64UL

/*
 * Protects every struct pcibuf_lingering, and the lru of the pages on its list. Inside
 * pool->lock; quota_lock is inside.
 */
static DEFINE_MUTEX(linger_lock);

/* Every struct pcibuf_lingering that has pages. */
static LIST_HEAD(all);

static struct pcibuf_quota orphans_quota;
/* Pages of cards that are gone. */
static struct pcibuf_lingering orphans;

static void look_at_all(struct work_struct *work);
static struct workqueue_struct *queue;
static DECLARE_DELAYED_WORK(look_work, look_at_all);

/**
 * pcibuf_page_is_broken() - has a part of a page a hardware error?
 * @page: the page
 * @order: its order
 *
 * The memory manager marks the base page. It marks the huge page too only where it could
 * take the page from its user, and it cannot take a page of this driver.
 *
 * Return: whether a base page of it is marked.
 */
bool pcibuf_page_is_broken(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1UL << order; i++)
		if (PageHWPoison(page + i))
			return true;
	return false;
}

/**
 * pcibuf_page_put() - drop the driver's reference to a page
 * @page: the page
 * @order: its order
 *
 * A page with a broken part is not given back: the memory manager would free the broken
 * part of a compound page too, and give it to the next who asks for a block.
 */
void pcibuf_page_put(struct page *page, unsigned int order)
{
	if (!pcibuf_page_is_broken(page, order))
		put_page(page);
}

/* Called under linger_lock. */
static void drop_page(struct pcibuf_lingering *lingering, struct page *page)
{
	unsigned int order = compound_order(page);

	list_del(&page->lru);
	lingering->nr--;
	lingering->bytes -= PAGE_SIZE << order;
	pcibuf_page_put(page, order);
	pcibuf_quota_uncharge(lingering->quota, PAGE_SIZE << order);
	if (!lingering->nr)
		list_del_init(&lingering->node);
}

/* Those that are held go to the end of the list. Called under linger_lock. */
static void look_at(struct pcibuf_lingering *lingering, unsigned long nr)
{
	lockdep_assert_held(&linger_lock);
	for (nr = min(nr, lingering->nr); nr; nr--) {
		struct page *page = list_first_entry(&lingering->pages,
						     struct page, lru);

		if (page_count(page) == 1)
			drop_page(lingering, page);
		else
			list_move_tail(&page->lru, &lingering->pages);
	}
}

static void begin_round(void)
{
	struct pcibuf_lingering *lingering;

	mutex_lock(&linger_lock);
	list_for_each_entry(lingering, &all, node)
		lingering->unseen = lingering->nr;
	mutex_unlock(&linger_lock);
}

/* Return false where the round is over. */
static bool look_at_batch(void)
{
	struct pcibuf_lingering *lingering;
	bool found = false;

	mutex_lock(&linger_lock);
	list_for_each_entry(lingering, &all, node) {
		unsigned long nr = min(lingering->unseen, BATCH);

		if (!nr)
			continue;
		found = true;
		lingering->unseen -= nr;
		look_at(lingering, nr);
		break;
	}
	mutex_unlock(&linger_lock);
	return found;
}

static void look_at_all(struct work_struct *work)
{
	unsigned long begun = jiffies;

	begin_round();
	while (look_at_batch())
		cond_resched();
	mutex_lock(&linger_lock);
	if (!list_empty(&all))
		queue_delayed_work(queue, &look_work,
				   LOOK_EVERY + REST * (jiffies - begun));
	mutex_unlock(&linger_lock);
}

static void add_page(struct pcibuf_lingering *lingering, struct page *page,
		     unsigned int order)
{
	mutex_lock(&linger_lock);
	list_add_tail(&page->lru, &lingering->pages);
	lingering->bytes += PAGE_SIZE << order;
	if (!lingering->nr++)
		list_add_tail(&lingering->node, &all);
	queue_delayed_work(queue, &look_work, LOOK_EVERY);
	mutex_unlock(&linger_lock);
}

/**
 * pcibuf_page_release() - give a page of a buffer back, or keep it while it is held
 * @lingering: gets the page if somebody else holds it
 * @page: page that is charged to the quota of @lingering, and that nobody can find
 * @order: its order
 *
 * Takes linger_lock.
 *
 * Return: bytes that stay charged, 0 where the page was given back.
 */
u64 pcibuf_page_release(struct pcibuf_lingering *lingering, struct page *page,
			unsigned int order)
{
	if (page_count(page) == 1 || pcibuf_page_is_broken(page, order)) {
		pcibuf_page_put(page, order);
		return 0;
	}
	add_page(lingering, page, order);
	return PAGE_SIZE << order;
}

/**
 * pcibuf_lingering_init() - set up the list of a card
 * @lingering: the list
 * @quota: quota that the pages are charged to
 */
void pcibuf_lingering_init(struct pcibuf_lingering *lingering,
			   struct pcibuf_quota *quota)
{
	lingering->quota = quota;
	INIT_LIST_HEAD(&lingering->node);
	INIT_LIST_HEAD(&lingering->pages);
}

/**
 * pcibuf_lingering_orphan() - a card goes away, and leaves what is held
 * @lingering: list that gets no more pages; empty then
 *
 * Takes linger_lock and quota_lock.
 */
void pcibuf_lingering_orphan(struct pcibuf_lingering *lingering)
{
	mutex_lock(&linger_lock);
	if (lingering->nr) {
		if (!orphans.nr)
			list_add_tail(&orphans.node, &all);
		list_splice_tail_init(&lingering->pages, &orphans.pages);
		orphans.nr += lingering->nr;
		orphans.bytes += lingering->bytes;
		pcibuf_quota_move(lingering->quota, orphans.quota,
				  lingering->bytes);
		list_del_init(&lingering->node);
		lingering->nr = 0;
		lingering->bytes = 0;
	}
	mutex_unlock(&linger_lock);
}

/**
 * pcibuf_lingering_look() - has somebody let go of pages by now?
 * @ctx: allocation that is over a quota; it may be interrupted
 *
 * Takes linger_lock and quota_lock.
 *
 * Return: whether bytes came back to the quota.
 */
bool pcibuf_lingering_look(const struct pcibuf_alloc_ctx *ctx)
{
	struct pcibuf_lingering *lingering = &ctx->pool->lingering;
	unsigned long left, nr;
	u64 before;

	mutex_lock(&linger_lock);
	left = lingering->nr;
	before = lingering->bytes;
	mutex_unlock(&linger_lock);
	for (; left && pcibuf_ctx_interrupted(ctx) == PCIBUF_DONE; left -= nr) {
		nr = min(left, BATCH);
		mutex_lock(&linger_lock);
		look_at(lingering, nr);
		mutex_unlock(&linger_lock);
		cond_resched();
	}
	return pcibuf_lingering_bytes(lingering) < before;
}

/**
 * pcibuf_lingering_look_first() - look at the first pages of a card
 * @lingering: list of the card
 *
 * So that somebody who reads how much the card uses need not wait for the worker, unless
 * there are many pages. Takes linger_lock and quota_lock.
 */
void pcibuf_lingering_look_first(struct pcibuf_lingering *lingering)
{
	mutex_lock(&linger_lock);
	look_at(lingering, BATCH);
	mutex_unlock(&linger_lock);
}

/**
 * pcibuf_lingering_bytes() - how much of what was freed is still held
 * @lingering: list of a card; NULL for all cards, also those that are gone
 *
 * Takes linger_lock.
 *
 * Return: bytes.
 */
u64 pcibuf_lingering_bytes(const struct pcibuf_lingering *lingering)
{
	const struct pcibuf_lingering *other;
	u64 bytes = 0;

	mutex_lock(&linger_lock);
	if (lingering)
		bytes = lingering->bytes;
	else
		list_for_each_entry(other, &all, node)
			bytes += other->bytes;
	mutex_unlock(&linger_lock);
	return bytes;
}

/**
 * pcibuf_lingering_start() - set up the worker
 *
 * Called once, when the module is loaded.
 *
 * Return: 0 or -ENOMEM.
 */
int pcibuf_lingering_start(void)
{
	pcibuf_lingering_init(&orphans, &orphans_quota);
	queue = alloc_workqueue("pcibuf", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return queue ? 0 : -ENOMEM;
}

/**
 * pcibuf_lingering_stop() - drop the driver's reference to every page
 *
 * Called when the module is unloaded. No card is left.
 */
void pcibuf_lingering_stop(void)
{
	struct page *page, *next;

	cancel_delayed_work_sync(&look_work);
	destroy_workqueue(queue);
	list_for_each_entry_safe(page, next, &orphans.pages, lru) {
		list_del(&page->lru);
		pcibuf_page_put(page, compound_order(page));
		cond_resched();
	}
}
