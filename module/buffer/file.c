// SPDX-License-Identifier: GPL-2.0-only
/*
 * File: calls on the node /dev/pcibufN: open, read, write, seek, poll, ioctl, mmap.
 *
 * An open file outlives its buffer. So every call tests whether the buffer is alive.
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "buffer/buffer.h"
#include "compat.h"
#include "sync_point.h"

/* Bytes that are copied at a time through a bounce buffer. */
#define BOUNCE_SIZE	SZ_64K

/**
 * struct copy - a read or write while it is under way
 * @buffer: buffer of the file
 * @iter: user memory
 * @bounce: bounce buffer of %BOUNCE_SIZE bytes, see copy_bounced(); NULL until
 *	needed
 */
struct copy {
	struct pcibuf_buffer *buffer;
	struct iov_iter *iter;
	void *bounce;
};

static int pcibuf_open(struct inode *inode, struct file *file)
{
	struct pcibuf_buffer *buffer =
		container_of(file->private_data, struct pcibuf_buffer, minor);
	int ret = 0;

	down_write(&buffer->lock);
	if (buffer->dead)
		ret = -ENODEV;
	else
		buffer->open_count++;
	up_write(&buffer->lock);
	if (ret)
		return ret;
	file->private_data = buffer;
	file->f_mapping = buffer->inode->i_mapping;
	return 0;
}

static int pcibuf_release(struct inode *inode, struct file *file)
{
	struct pcibuf_buffer *buffer = file->private_data;

	down_write(&buffer->lock);
	buffer->open_count--;
	up_write(&buffer->lock);
	put_device(&buffer->dev);
	return 0;
}

static loff_t pcibuf_llseek(struct file *file, loff_t offset, int whence)
{
	struct pcibuf_buffer *buffer = file->private_data;
	loff_t ret;

	ret = pcibuf_buffer_enter(buffer);
	if (ret)
		return ret;
	ret = fixed_size_llseek(file, offset, whence, buffer->size);
	pcibuf_buffer_exit(buffer);
	return ret;
}

static size_t copy_iter(void *kaddr, size_t len, struct iov_iter *iter)
{
	return iov_iter_rw(iter) == READ ? copy_to_iter(kaddr, len, iter) :
					   copy_from_iter(kaddr, len, iter);
}

/*
 * Copy through a bounce buffer, in two steps. Memory without reference counts may
 * only be used under buffer->lock. User memory may only be touched without
 * buffer->lock.
 */
static ssize_t copy_bounced(struct copy *copy, u64 pos, size_t len)
{
	struct pcibuf_buffer *buffer = copy->buffer;
	bool write = iov_iter_rw(copy->iter) == WRITE;
	struct pcibuf_kmap kmap;
	int ret;

	if (!copy->bounce)
		copy->bounce = kvmalloc(BOUNCE_SIZE, GFP_KERNEL | __GFP_NOWARN);
	if (!copy->bounce)
		return -ENOMEM;
	len = min_t(size_t, len, BOUNCE_SIZE);
	if (write)
		len = copy_from_iter(copy->bounce, len, copy->iter);
	ret = pcibuf_buffer_enter(buffer);
	if (ret)
		return ret;
	pcibuf_sync_point(PCIBUF_SYNC_COPY);
	buffer->memory->ops->kmap_at(buffer->memory, pos, &kmap);
	if (write)
		memcpy(kmap.kaddr, copy->bounce, len);
	else
		memcpy(copy->bounce, kmap.kaddr, len);
	pcibuf_buffer_exit(buffer);
	return write ? len : copy_to_iter(copy->bounce, len, copy->iter);
}

/*
 * Return how many of the @len bytes come before the first page with a hardware
 * error: to read such a page ends the machine. The pages of a kmap are contiguous.
 */
static size_t sound_part(const struct pcibuf_kmap *kmap, size_t len)
{
	size_t i, offset = offset_in_page(kmap->kaddr);

	for (i = 0; i < PFN_UP(offset + len); i++)
		if (PageHWPoison(kmap->page + i))
			return i ? i * PAGE_SIZE - offset : 0;
	return len;
}

/*
 * Copy at most what one page reference or one bounce buffer covers. Return the bytes
 * copied, 0 where user memory cannot be accessed, or a negative errno.
 */
static ssize_t copy_block(struct copy *copy, u64 pos, size_t len)
{
	struct pcibuf_buffer *buffer = copy->buffer;
	struct pcibuf_kmap kmap;
	ssize_t ret;

	ret = pcibuf_buffer_enter(buffer);
	if (ret)
		return ret;
	buffer->memory->ops->kmap_at(buffer->memory, pos, &kmap);
	if (kmap.page)
		get_page(kmap.page);
	pcibuf_buffer_exit(buffer);
	if (!kmap.page)
		return copy_bounced(copy, pos, len);
	pcibuf_sync_point(PCIBUF_SYNC_COPY);
	len = sound_part(&kmap, min(len, kmap.len));
	ret = len ? copy_iter(kmap.kaddr, len, copy->iter) : -EIO;
	put_page(kmap.page);
	return ret;
}

/* A signal ends the copy between two blocks. Return the bytes copied so far then. */
static ssize_t copy_all(struct copy *copy, u64 pos, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t ret = copy_block(copy, pos + done, len - done);

		if (ret <= 0)
			return done ?: ret ?: -EFAULT;
		done += ret;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

/* Return how many bytes of a read or write are inside the buffer. */
static size_t clip(struct pcibuf_buffer *buffer, struct kiocb *iocb,
		   struct iov_iter *iter)
{
	if (iocb->ki_pos >= buffer->size)
		return 0;
	return min_t(u64, iov_iter_count(iter), buffer->size - iocb->ki_pos);
}

static ssize_t transfer(struct kiocb *iocb, struct iov_iter *iter, size_t len)
{
	struct copy copy = {
		.buffer = iocb->ki_filp->private_data,
		.iter = iter,
	};
	ssize_t ret;

	ret = copy_all(&copy, iocb->ki_pos, len);
	kvfree(copy.bounce);
	if (ret > 0)
		iocb->ki_pos += ret;
	return ret;
}

/* Every call on a dead buffer fails with -ENODEV, even if the call is invalid too. */
static int check_alive(struct pcibuf_buffer *buffer)
{
	int ret;

	ret = pcibuf_buffer_enter(buffer);
	if (!ret)
		pcibuf_buffer_exit(buffer);
	return ret;
}

static ssize_t pcibuf_read_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct pcibuf_buffer *buffer = iocb->ki_filp->private_data;
	ssize_t ret = check_alive(buffer);

	return ret ?: transfer(iocb, iter, clip(buffer, iocb, iter));
}

static ssize_t pcibuf_write_iter(struct kiocb *iocb, struct iov_iter *iter)
{
	struct pcibuf_buffer *buffer = iocb->ki_filp->private_data;
	ssize_t ret = check_alive(buffer);
	size_t len;

	if (ret || !iov_iter_count(iter))
		return ret;
	len = clip(buffer, iocb, iter);
	return len ? transfer(iocb, iter, len) : -ENOSPC;
}

/* msync() fails on a file without ->fsync. A buffer has nothing to write back. */
static int pcibuf_fsync(struct file *file, loff_t start, loff_t end,
			int datasync)
{
	return check_alive(file->private_data);
}

/* A buffer never blocks. So poll only tells that the buffer is dead. */
static __poll_t pcibuf_poll(struct file *file, struct poll_table_struct *table)
{
	struct pcibuf_buffer *buffer = file->private_data;

	poll_wait(file, &buffer->wait, table);
	return READ_ONCE(buffer->dead) ? EPOLLERR | EPOLLHUP : DEFAULT_POLLMASK;
}

static void fill_info(struct pcibuf_buffer *buffer, struct pcibuf_info *info)
{
	struct pcibuf_memory *memory = buffer->memory;

	info->id = buffer->id;
	info->size = buffer->size;
	info->dma_addr = memory->nr_segments == 1 ?
			 memory->segments[0].dma_addr : PCIBUF_NO_DMA_ADDR;
	info->nr_segments = memory->nr_segments;
	info->index = buffer->index;
	info->backing = memory->ops->backing;
	info->minor = MINOR(buffer->dev.devt);
	strscpy(info->card, dev_name(buffer->card), sizeof(info->card));
	strscpy(info->label, buffer->label, sizeof(info->label));
	info->align = memory->align;
}

/* Every structure of an ioctl begins with these fields. */
struct head {
	__u32 argsz;
	__u32 flags;
};

static int read_head(const void __user *arg, size_t min_size, struct head *head)
{
	if (copy_from_user(head, arg, sizeof(*head)))
		return -EFAULT;
	if (head->argsz < min_size || head->flags)
		return -EINVAL;
	return 0;
}

/* The first version of the structure ended with the label. */
static long ioctl_info(struct pcibuf_buffer *buffer, void __user *arg)
{
	struct pcibuf_info info = { };
	struct head head;
	size_t size;
	int ret;

	ret = read_head(arg, offsetofend(struct pcibuf_info, label), &head);
	if (ret)
		return ret;
	ret = pcibuf_buffer_enter(buffer);
	if (ret)
		return ret;
	info.argsz = head.argsz;
	fill_info(buffer, &info);
	pcibuf_buffer_exit(buffer);
	size = min_t(size_t, head.argsz, sizeof(info));
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

/*
 * Copy the list in parts: the list may be long, and user memory must not be touched
 * under buffer->lock. The list does not change while the buffer is alive. @count:
 * in: segments wanted; out: segments copied.
 */
static int copy_segments(struct pcibuf_buffer *buffer, u32 first, u32 *count,
			 struct pcibuf_segment __user *out)
{
	struct pcibuf_segment part[16];
	u32 done = 0;

	for (;;) {
		u32 i, nr = min_t(u32, *count - done, ARRAY_SIZE(part));
		int ret = pcibuf_buffer_enter(buffer);

		if (ret)
			return ret;
		for (i = 0; i < nr; i++) {
			u64 at = (u64)first + done + i;

			if (at >= buffer->memory->nr_segments)
				break;
			part[i] = buffer->memory->segments[at];
		}
		pcibuf_buffer_exit(buffer);
		if (i && copy_to_user(out + done, part, i * sizeof(*part)))
			return -EFAULT;
		done += i;
		if (i < nr || done == *count || fatal_signal_pending(current))
			break;
	}
	*count = done;
	return 0;
}

static long ioctl_segments(struct pcibuf_buffer *buffer, void __user *arg)
{
	struct pcibuf_segments __user *user = arg;
	struct pcibuf_segments request;
	struct head head;
	int ret;

	ret = read_head(arg, sizeof(request), &head);
	if (ret)
		return ret;
	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	ret = copy_segments(buffer, request.first, &request.count,
			    u64_to_user_ptr(request.segments));
	if (ret)
		return ret;
	return put_user(request.count, &user->count);
}

static long pcibuf_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pcibuf_buffer *buffer = file->private_data;
	int ret = check_alive(buffer);

	if (ret)
		return ret;
	switch (cmd) {
	case PCIBUF_IOC_INFO:
		return ioctl_info(buffer, (void __user *)arg);
	case PCIBUF_IOC_SEGMENTS:
		return ioctl_segments(buffer, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int pcibuf_mmap(struct file *file, struct vm_area_struct *vma)
{
	return pcibuf_map(file->private_data, vma);
}

const struct file_operations pcibuf_fops = {
	.owner = THIS_MODULE,
	.open = pcibuf_open,
	.release = pcibuf_release,
	.llseek = pcibuf_llseek,
	.read_iter = pcibuf_read_iter,
	.write_iter = pcibuf_write_iter,
	.splice_read = pcibuf_splice_read,
	.splice_write = iter_file_splice_write,
	.poll = pcibuf_poll,
	.unlocked_ioctl = pcibuf_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.get_unmapped_area = pcibuf_get_unmapped_area,
	.mmap = pcibuf_mmap,
	.fsync = pcibuf_fsync,
};
