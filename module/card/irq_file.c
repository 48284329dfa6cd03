// SPDX-License-Identifier: GPL-2.0-only
/*
 * File of an interrupt: calls on the node of an interrupt: open, read, poll.
 *
 * An open file outlives its interrupt. So every call tests whether the interrupt was
 * taken away.
 */
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "card/card.h"

/* A file sees all interrupts from now on. The first file starts them. */
static int open_reader(struct pcibuf_irq_reader *reader)
{
	struct pcibuf_irq *irq = reader->irq;
	int ret = 0;

	lockdep_assert_held(&irq->card->irq_lock);
	if (irq->dead)
		return -ENODEV;
	spin_lock_irq(&irq->wait.lock);
	reader->seen = irq->count;
	spin_unlock_irq(&irq->wait.lock);
	if (!irq->open_count)
		ret = pcibuf_irq_start(irq);
	if (!ret)
		irq->open_count++;
	return ret;
}

static int irq_open(struct inode *inode, struct file *file)
{
	struct pcibuf_irq *irq =
		container_of(file->private_data, struct pcibuf_irq, minor);
	struct pcibuf_irq_reader *reader;
	int ret;

	reader = kzalloc(sizeof(*reader), PCIBUF_GFP);
	if (!reader)
		return -ENOMEM;
	reader->irq = irq;
	mutex_lock(&irq->card->irq_lock);
	ret = open_reader(reader);
	mutex_unlock(&irq->card->irq_lock);
	if (ret) {
		kfree(reader);
		return ret;
	}
	file->private_data = reader;
	/* ->read_iter does not block with IOCB_NOWAIT: io_uring need not keep a thread. */
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);
}

/* The last file stops the interrupt, unless who took it away has done so. */
static int irq_release(struct inode *inode, struct file *file)
{
	struct pcibuf_irq_reader *reader = file->private_data;
	struct pcibuf_irq *irq = reader->irq;

	mutex_lock(&irq->card->irq_lock);
	irq->open_count--;
	if (!irq->open_count && !irq->dead)
		pcibuf_irq_stop(irq);
	mutex_unlock(&irq->card->irq_lock);
	put_device(&irq->dev);
	kfree(reader);
	return 0;
}

static ssize_t irq_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct pcibuf_irq_reader *reader = file->private_data;
	bool wait = !(iocb->ki_flags & IOCB_NOWAIT || file->f_flags & O_NONBLOCK);
	struct pcibuf_irq_event event;
	size_t len = sizeof(event);
	int ret;

	if (iov_iter_count(to) < sizeof(event.count))
		return READ_ONCE(reader->irq->dead) ? -ENODEV : -EINVAL;
	if (iov_iter_count(to) < sizeof(event))
		len = sizeof(event.count);
	ret = pcibuf_irq_take(reader, wait, &event);
	if (ret)
		return ret;
	if (copy_to_iter(&event, len, to) == len)
		return len;
	pcibuf_irq_untake(reader, &event);
	return -EFAULT;
}

static __poll_t irq_poll(struct file *file, struct poll_table_struct *table)
{
	struct pcibuf_irq_reader *reader = file->private_data;
	s64 nr;

	poll_wait(file, &reader->irq->wait, table);
	nr = pcibuf_irq_look(reader);
	if (nr < 0)
		return EPOLLERR | EPOLLHUP;
	return nr ? EPOLLIN | EPOLLRDNORM : 0;
}

const struct file_operations pcibuf_irq_fops = {
	.owner = THIS_MODULE,
	.open = irq_open,
	.release = irq_release,
	.read_iter = irq_read_iter,
	.poll = irq_poll,
};
