/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * pcibuf: DMA memory of a PCI card, for the program that drives the card.
 *
 * Buffers are made and freed through sysfs (Documentation: sysfs-doc/). These
 * calls are for a program that holds nothing but a descriptor of /dev/pcibufN,
 * in a container for one: they tell what sysfs would have told.
 *
 * Both structures begin with argsz, which the caller sets to the size that it
 * was compiled with. The kernel fills what both sides know and never writes
 * beyond argsz, so that old programs and new kernels go together, and the
 * other way round. There is no padding, and every structure is the same for
 * 32-bit callers of a 64-bit kernel.
 *
 * Both calls fail with ENODEV once the buffer was revoked or its card went
 * away, with EFAULT for an address that the caller cannot reach, with EINVAL
 * for an argsz smaller than the structure's first version or for flags other
 * than 0, and with ENOTTY for any other request.
 */
#ifndef _UAPI_PCIBUF_H
#define _UAPI_PCIBUF_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PCIBUF_LABEL_SIZE	32	/* bytes, with the final NUL */
#define PCIBUF_CARD_SIZE	32	/* bytes, with the final NUL */

/* pcibuf_info.backing: where the memory comes from. */
#define PCIBUF_BACKING_PAGES	0	/* ordinary pages: good for O_DIRECT */
#define PCIBUF_BACKING_COHERENT	1	/* dma_alloc_coherent() */

/* pcibuf_info.dma_addr where there is more than one segment. */
#define PCIBUF_NO_DMA_ADDR	(~(__u64)0)

/**
 * struct pcibuf_info - what a buffer is
 * @argsz: in: size of the structure that the caller passes, in bytes
 * @flags: in: 0; others are refused
 * @id: number of this buffer that no other buffer of this machine ever gets,
 *	also after the module was loaded anew; compare it to learn whether a
 *	name still leads to the buffer that it once led to
 * @size: bytes, a multiple of the page size
 * @dma_addr: bus address of the first byte where the buffer is one segment,
 *	else %PCIBUF_NO_DMA_ADDR; valid until the buffer is freed or revoked
 * @nr_segments: how many ranges of bus addresses it has, 1 or more
 * @index: lowest number that was free on its card when it was made; another
 *	buffer gets it after a free
 * @backing: one of PCIBUF_BACKING_*
 * @minor: N of /dev/pcibufN
 * @card: PCI address of the card, as in "0000:03:00.0"
 * @label: as given when it was made, empty where none was
 *
 * All that the kernel fills stays as it is for the life of the buffer.
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
};

/**
 * struct pcibuf_segment - one range of bus addresses
 * @offset: where in the buffer (and in its mapping) it begins, in bytes
 * @dma_addr: bus address of its first byte; valid until the buffer is freed or
 *	revoked
 * @length: bytes; it may be more than 4 GiB
 *
 * Segments come in the order of @offset and leave no gap. Two neighbours are
 * never adjacent in bus addresses: those are one segment.
 */
struct pcibuf_segment {
	__u64 offset;
	__u64 dma_addr;
	__u64 length;
};

/**
 * struct pcibuf_segments - some or all segments of a buffer
 * @argsz: in: size of the structure that the caller passes, in bytes
 * @flags: in: 0; others are refused
 * @first: in: number of the first segment wanted, from 0
 * @count: in: how many fit into the array; out: how many were stored, 0 where
 *	@first is nr_segments or more
 * @segments: in: address of an array of @count struct pcibuf_segment
 */
struct pcibuf_segments {
	__u32 argsz;
	__u32 flags;
	__u32 first;
	__u32 count;
	__u64 segments;
};

#define PCIBUF_IOC_MAGIC	0xB7

/* PCIBUF_IOC_INFO: fills a struct pcibuf_info. */
#define PCIBUF_IOC_INFO		_IO(PCIBUF_IOC_MAGIC, 0x00)
/* PCIBUF_IOC_SEGMENTS: fills a struct pcibuf_segments and its array. */
#define PCIBUF_IOC_SEGMENTS	_IO(PCIBUF_IOC_MAGIC, 0x01)

#endif /* _UAPI_PCIBUF_H */
