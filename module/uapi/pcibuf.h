/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * pcibuf: DMA memory of a PCI card, for the program that drives the card.
 *
 * A buffer is allocated and freed through sysfs (documentation: sysfs-doc/).
 * The calls below are for a program that has only a file descriptor of
 * /dev/pcibufN, for example in a container. They give the same information as
 * sysfs.
 *
 * Both structures begin with argsz. The caller sets argsz to the size of the
 * structure that it was compiled with. The kernel fills the fields that both
 * sides know, and never writes beyond argsz. So an old program works with a new
 * kernel, and a new program with an old kernel. The structures have no padding,
 * and are the same for 32-bit callers of a 64-bit kernel.
 *
 * Both calls return 0, or -1 with errno set:
 *
 *	ENODEV	the buffer was revoked, or its card was unbound or unplugged
 *	EFAULT	the caller cannot access an address that it passed
 *	EINVAL	argsz is smaller than the first version of the structure, or
 *		flags is not 0
 *
 * Any other request fails with ENOTTY, or with ENODEV after a revoke.
 */
#ifndef _UAPI_PCIBUF_H
#define _UAPI_PCIBUF_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PCIBUF_LABEL_SIZE	32	/* bytes, including the final NUL */
#define PCIBUF_CARD_SIZE	32	/* bytes, including the final NUL */

/* Values of pcibuf_info.backing: where the memory comes from. */
#define PCIBUF_BACKING_PAGES	0	/* ordinary pages; work with O_DIRECT */
#define PCIBUF_BACKING_COHERENT	1	/* dma_alloc_coherent() */

/* Value of pcibuf_info.dma_addr if the buffer has more than one segment. */
#define PCIBUF_NO_DMA_ADDR	(~(__u64)0)

/**
 * struct pcibuf_info - description of a buffer
 * @argsz: in: size in bytes of the structure that the caller passes
 * @flags: in: must be 0
 * @id: number of this buffer. No other buffer of this machine ever gets this
 *	number, not even after the module was reloaded. A program can compare
 *	@id to check that a name still leads to the same buffer
 * @size: size of the buffer in bytes, a multiple of the page size
 * @dma_addr: bus address of the first byte if the buffer is one segment,
 *	otherwise %PCIBUF_NO_DMA_ADDR. Valid until the buffer is freed or
 *	revoked, or its card is unbound or unplugged
 * @nr_segments: number of segments, 1 or more
 * @index: the lowest index that was free on the card when the buffer was
 *	allocated. After a free, another buffer can get the same index
 * @backing: one of PCIBUF_BACKING_*
 * @minor: the N of /dev/pcibufN. Not reused soon after a free
 * @card: PCI address of the card, for example "0000:03:00.0"
 * @label: label of the buffer; empty if the buffer has none
 * @align: alignment in bytes that the buffer was allocated with, a power of two, at
 *	least the page size. The bus address of each segment is a multiple of
 *	@align, and so is the length of each segment but the last
 *
 * The fields that the kernel fills do not change during the life of the buffer. The
 * kernel fills as much of the structure as @argsz covers. The first version of the
 * structure ended with @label. A driver that knows only that version leaves what
 * follows as it is.
 */
struct pcibuf_info {
	__u32 argsz;
	__u32 flags;
	__u64 id;
	__u64 size;
	__u64 dma_addr;
	__u32 nr_segments;
	__u32 index;
	__u32 backing;
	__u32 minor;
	char card[PCIBUF_CARD_SIZE];
	char label[PCIBUF_LABEL_SIZE];
	__u64 align;
};

/**
 * struct pcibuf_segment - one range of bus addresses
 * @offset: offset in bytes of the segment in the buffer, and in a mapping of the
 *	whole buffer
 * @dma_addr: bus address of the first byte of the segment. Valid until the
 *	buffer is freed or revoked, or its card is unbound or unplugged
 * @length: length of the segment in bytes; can be more than 4 GiB
 *
 * Segments are sorted by @offset and leave no gap. Neighbouring segments are
 * never adjacent in bus addresses: pcibuf joins such ranges into one segment.
 */
struct pcibuf_segment {
	__u64 offset;
	__u64 dma_addr;
	__u64 length;
};

/**
 * struct pcibuf_segments - request for some or all segments of a buffer
 * @argsz: in: size in bytes of the structure that the caller passes
 * @flags: in: must be 0
 * @first: in: number of the first segment to store, counted from 0
 * @count: in: capacity of the array, in segments; out: number of segments
 *	stored, 0 if @first is nr_segments or more
 * @segments: in: address of an array of @count struct pcibuf_segment
 *
 * The segments of a buffer do not change during the life of the buffer.
 */
struct pcibuf_segments {
	__u32 argsz;
	__u32 flags;
	__u32 first;
	__u32 count;
	__u64 segments;
};

/**
 * struct pcibuf_irq_event - what a read from the node of an interrupt returns
 * @count: number of interrupts since this file was last read, or was opened; not 0
 * @time: time of the last interrupt, CLOCK_MONOTONIC in nanoseconds
 *
 * A read of 16 bytes or more returns the whole structure. A read of 8 to 15 bytes
 * returns @count only.
 */
struct pcibuf_irq_event {
	__u64 count;
	__u64 time;
};

#define PCIBUF_IOC_MAGIC	0xB7

/* Fills a struct pcibuf_info. */
#define PCIBUF_IOC_INFO		_IO(PCIBUF_IOC_MAGIC, 0x00)
/* Fills the array of a struct pcibuf_segments, and updates its count. */
#define PCIBUF_IOC_SEGMENTS	_IO(PCIBUF_IOC_MAGIC, 0x01)

#endif /* _UAPI_PCIBUF_H */
