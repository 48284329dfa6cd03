/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that the driver is built for. The only file
 * that knows versions: all others read as if written for today's kernel.
 */
#ifndef PCIBUF_COMPAT_H
#define PCIBUF_COMPAT_H

#include <linux/cc_platform.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/version.h>

/* Callbacks of classes and device types take a const device from 6.2 on. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define pcibuf_const const
#else
#define pcibuf_const
#endif

/* vm_flags became read only, changed by functions, in 6.3. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/* generic_file_splice_read() was replaced for files like ours in 6.5. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define copy_splice_read generic_file_splice_read
#endif

/* Confidential guest: memory is encrypted, and devices cannot read it. */
static inline bool pcibuf_memory_encrypted(void)
{
	return cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}

/*
 * To claim a range, a migrate type said what it was for until 6.16, now flags do.
 * On 5.10 the range has to be aligned to the largest block.
 */
#ifdef ACR_FLAGS_NONE
#define PCIBUF_CLAIM_AS ACR_FLAGS_NONE
#else
#define PCIBUF_CLAIM_AS MIGRATE_MOVABLE
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
#define PCIBUF_CLAIM_ALIGN MAX_ORDER_NR_PAGES
#else
#define PCIBUF_CLAIM_ALIGN PCIBUF_HUGE_PAGES
#endif

/*
 * The offset of a page in its file, in pages: the memory manager compares it
 * when it maps a compound page by one entry (from 6.12 on).
 */
static inline void pcibuf_page_set_index(struct page *page, pgoff_t index)
{
	page->index = index;
}

#endif /* PCIBUF_COMPAT_H */
