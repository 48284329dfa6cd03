// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt: counts the interrupts of one vector, and decides when the card may raise
 * the next one.
 *
 * INTx is a level: the card asserts the line until its program tells it to stop. So the
 * handler turns INTx off in the card's command register, and counts. The first open, and
 * a read or a poll that finds nothing, turn INTx on again. A line that is still asserted
 * then is one more interrupt, and INTx stays off. So each system call lets through one
 * INTx at most, whatever the card and its program do, and other devices on the line are
 * not disturbed.
 *
 * MSI and MSI-X are messages, and need no such care. Only a vector that nobody looks at
 * for MAX_UNHEARD interrupts is disabled, until somebody looks.
 */
#include <linux/interrupt.h>
#include <linux/ktime.h>
#include <linux/poll.h>

#include "card/card.h"

/*
 * A program that reads at 100 Hz can miss no interrupt below 6.5 million a second. A
 * storm that nobody reads costs 65,536 runs of the handler.
 */
#define MAX_UNHEARD	65536

/*
 * Without IRQF_PROBE_SHARED the kernel logs each open that fails because another driver
 * does not share the line. Every member of the card's group could fill the log then.
 */
#define INTX_FLAGS	(IRQF_SHARED | IRQF_PROBE_SHARED)

/* Count an interrupt, and wake everybody who waits for one. */
static void count_one(struct pcibuf_irq *irq)
{
	lockdep_assert_held(&irq->wait.lock);
	irq->count++;
	irq->time = ktime_get_ns();
	wake_up_locked_poll(&irq->wait, EPOLLIN | EPOLLRDNORM);
}

/*
 * A card can assert INTx while INTx is off, and another device of the line can raise an
 * interrupt then. That is no new interrupt of the card. But the PCI core may have turned
 * INTx on, as it does on resume, so always turn INTx off.
 */
static irqreturn_t handle_intx(int line, void *data)
{
	struct pcibuf_irq *irq = data;
	irqreturn_t ret = IRQ_NONE;

	spin_lock(&irq->wait.lock);
	if (!irq->paused && pcibuf_command_mask_intx(irq->card->pdev)) {
		if (!irq->masked)
			count_one(irq);
		irq->masked = true;
		ret = IRQ_HANDLED;
	}
	spin_unlock(&irq->wait.lock);
	return ret;
}

static irqreturn_t handle_msi(int line, void *data)
{
	struct pcibuf_irq *irq = data;

	spin_lock(&irq->wait.lock);
	count_one(irq);
	if (++irq->unheard == MAX_UNHEARD) {
		disable_irq_nosync(line);
		irq->disabled = true;
	}
	spin_unlock(&irq->wait.lock);
	return IRQ_HANDLED;
}

/* Somebody looks: enable a vector that was disabled because nobody did. */
static void hear(struct pcibuf_irq *irq)
{
	irq->unheard = 0;
	if (!irq->disabled)
		return;
	irq->disabled = false;
	enable_irq(irq->line);
}

/* Let the card raise INTx again; see the top of this file. */
static void rearm(struct pcibuf_irq *irq)
{
	if (!irq->masked)
		return;
	/* During a reset the configuration of the card must not be touched. */
	if (irq->paused || pcibuf_command_unmask_intx(irq->card->pdev))
		irq->masked = false;
	else
		count_one(irq);
}

/**
 * pcibuf_irq_start() - begin to handle interrupts
 * @irq: interrupt without an open file; INTx is off
 *
 * The caller holds card->irq_lock. May sleep.
 *
 * Return: 0; or the negative errno of request_irq(), -EBUSY for a line that another
 * driver does not share.
 */
int pcibuf_irq_start(struct pcibuf_irq *irq)
{
	bool intx = irq->card->irq_used == PCIBUF_IRQ_INTX;
	int ret;

	lockdep_assert_held(&irq->card->irq_lock);
	spin_lock_irq(&irq->wait.lock);
	irq->masked = intx;
	irq->unheard = 0;
	irq->disabled = false;
	spin_unlock_irq(&irq->wait.lock);
	ret = request_irq(irq->line, intx ? handle_intx : handle_msi,
			  intx ? INTX_FLAGS : 0, dev_name(&irq->dev), irq);
	if (ret)
		return ret;
	spin_lock_irq(&irq->wait.lock);
	rearm(irq);
	spin_unlock_irq(&irq->wait.lock);
	return 0;
}

/**
 * pcibuf_irq_stop() - undo pcibuf_irq_start()
 * @irq: interrupt that was started, and that nobody looks at any more
 *
 * The caller holds card->irq_lock. Waits for the handler.
 */
void pcibuf_irq_stop(struct pcibuf_irq *irq)
{
	struct pcibuf_card *card = irq->card;

	lockdep_assert_held(&card->irq_lock);
	spin_lock_irq(&irq->wait.lock);
	if (card->irq_used == PCIBUF_IRQ_INTX && !irq->paused)
		pcibuf_command_set_intx(card->pdev, false);
	irq->masked = card->irq_used == PCIBUF_IRQ_INTX;
	spin_unlock_irq(&irq->wait.lock);
	free_irq(irq->line, irq);
}

/*
 * Return the number of interrupts that a reader has not seen, or -ENODEV. With @event,
 * mark them as seen. If the reader has seen all, let the card raise the next.
 */
static s64 look(struct pcibuf_irq_reader *reader, struct pcibuf_irq_event *event)
{
	struct pcibuf_irq *irq = reader->irq;
	u64 nr;

	lockdep_assert_held(&irq->wait.lock);
	if (irq->dead)
		return -ENODEV;
	hear(irq);
	if (irq->count == reader->seen)
		rearm(irq);
	nr = irq->count - reader->seen;
	if (nr && event) {
		event->count = nr;
		event->time = irq->time;
		reader->seen = irq->count;
	}
	return nr;
}

/**
 * pcibuf_irq_look() - count the interrupts that a reader has not seen
 * @reader: reader
 *
 * If the reader has seen all, the card may raise the next interrupt.
 *
 * Takes irq->wait.lock.
 *
 * Return: number of interrupts, or -ENODEV where the interrupt was taken away.
 */
s64 pcibuf_irq_look(struct pcibuf_irq_reader *reader)
{
	s64 nr;

	spin_lock_irq(&reader->irq->wait.lock);
	nr = look(reader, NULL);
	spin_unlock_irq(&reader->irq->wait.lock);
	return nr;
}

/**
 * pcibuf_irq_take() - like pcibuf_irq_look(); and mark the interrupts as seen
 * @reader: reader
 * @wait: wait until there is one
 * @event: out: number of interrupts, and time of the last; filled on success only
 *
 * Takes irq->wait.lock. The wait ends by an interrupt, by a signal, or when the
 * interrupt is taken away.
 *
 * Return: 0, -EAGAIN where there is none, -ERESTARTSYS or -ENODEV.
 */
int pcibuf_irq_take(struct pcibuf_irq_reader *reader, bool wait,
		    struct pcibuf_irq_event *event)
{
	struct pcibuf_irq *irq = reader->irq;
	int ret = 0;
	s64 nr = 0;

	spin_lock_irq(&irq->wait.lock);
	if (wait)
		ret = wait_event_interruptible_locked_irq(irq->wait,
							  (nr = look(reader,
								     event)));
	else
		nr = look(reader, event);
	spin_unlock_irq(&irq->wait.lock);
	if (ret)
		return ret;
	return nr ? min_t(s64, nr, 0) : -EAGAIN;
}

/**
 * pcibuf_irq_untake() - undo pcibuf_irq_take(): the program did not get the number
 * @reader: reader
 * @event: what was taken
 *
 * Takes irq->wait.lock.
 */
void pcibuf_irq_untake(struct pcibuf_irq_reader *reader,
		       const struct pcibuf_irq_event *event)
{
	spin_lock_irq(&reader->irq->wait.lock);
	reader->seen -= event->count;
	spin_unlock_irq(&reader->irq->wait.lock);
}

/**
 * pcibuf_irqs_set_paused() - keep away from the configuration of the card, or go on
 * @card: card in any state; the caller holds card->irq_lock
 * @paused: keep away. INTx is off then
 *
 * The one place that says whether INTx is on, where that is not left to the handler and
 * to rearm(): INTx is on while a program has the node open and has seen all interrupts.
 * A card with INTx has one interrupt.
 */
void pcibuf_irqs_set_paused(struct pcibuf_card *card, bool paused)
{
	struct pcibuf_irq *irq;

	lockdep_assert_held(&card->irq_lock);
	if (paused && card->irqs_paused)
		return;
	card->irqs_paused = paused;
	if (!card->nr_irqs || card->irq_used != PCIBUF_IRQ_INTX) {
		pcibuf_command_set_intx(card->pdev, false);
		return;
	}
	irq = card->irqs[0];
	spin_lock_irq(&irq->wait.lock);
	irq->paused = paused;
	pcibuf_command_set_intx(card->pdev, !paused && !irq->masked);
	spin_unlock_irq(&irq->wait.lock);
}

/**
 * pcibuf_irqs_pause() - turn INTx off before a reset, until pcibuf_irqs_resume()
 * @card: card in any state
 *
 * The PCI core restores after the reset what it finds now, and MSIs by itself. Until
 * then the handler keeps away from the configuration of the card.
 *
 * Takes card->irq_lock. May sleep.
 */
void pcibuf_irqs_pause(struct pcibuf_card *card)
{
	mutex_lock(&card->irq_lock);
	pcibuf_irqs_set_paused(card, true);
	mutex_unlock(&card->irq_lock);
}

/**
 * pcibuf_irqs_resume() - after a reset, turn INTx on if somebody waits for it
 * @card: card in any state
 *
 * Takes card->irq_lock, and inside it card->lock. May sleep.
 */
void pcibuf_irqs_resume(struct pcibuf_card *card)
{
	bool dying;

	mutex_lock(&card->irq_lock);
	mutex_lock(&card->lock);
	dying = card->state == PCIBUF_CARD_DYING;
	mutex_unlock(&card->lock);
	pcibuf_irqs_set_paused(card, dying);
	mutex_unlock(&card->irq_lock);
}
