// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fill the memory of the guest: with files, and with holes between their pages. All
 * words of all piles differ, so that a page with wrong contents after a move is found.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib.h"

#define SPARE		(48 * MIB)	/* left to the rest of the system */
#define WORDS		(MIB / 8)

static __u64 words[WORDS];

/* Mount memory that cannot be reclaimed (tmpfs), and a disk for page cache. */
int load_mount(void)
{
	if (!access(LOAD_TMPFS, F_OK))
		return 0;
	if (mkdir(LOAD_TMPFS, 0755) || mkdir(LOAD_CACHE, 0755) ||
	    mount("tmpfs", LOAD_TMPFS, "tmpfs", 0, "size=100%"))
		return errno;
	return mount("/dev/vda", LOAD_CACHE, "ext4", 0, NULL) ? errno : 0;
}

static __u64 first_word(const struct pile *pile, __u64 offset)
{
	return (__u64)pile->seed << 48 | offset;
}

static int write_part(int fd, const struct pile *pile, __u64 offset)
{
	__u64 word = first_word(pile, offset);
	size_t i;

	for (i = 0; i < WORDS; i++)
		words[i] = word + i * 8;
	if (pwrite(fd, words, MIB, offset) == (ssize_t)MIB)
		return 0;
	return errno ? errno : ENOSPC;
}

/* Make a file of whole MiB. It is in memory and, at LOAD_CACHE, on a disk too. */
int pile_make(const struct pile *pile)
{
	int fd = open(pile->path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int err = fd < 0 ? errno : 0;
	__u64 at;

	for (at = 0; !err && at < pile->size; at += MIB)
		err = write_part(fd, pile, at);
	if (!err && fsync(fd))
		err = errno;
	close(fd);
	return err;
}

/* Free all but one page of each @stride pages. */
int pile_comb(struct pile *pile, unsigned int stride)
{
	int fd = open(pile->path, O_RDWR);
	int err = fd < 0 ? errno : 0;
	__u64 at;

	pile->stride = stride;
	for (at = 0; !err && at < pile->size; at += stride * PAGE)
		if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      at + PAGE, (stride - 1) * PAGE))
			err = errno;
	close(fd);
	return err;
}

static bool part_is_right(const struct pile *pile, __u64 offset)
{
	__u64 word = first_word(pile, offset), wrong = 0;
	size_t page, i;

	for (page = 0; page < WORDS; page += PAGE / 8) {
		if (pile->stride && (offset + page * 8) / PAGE % pile->stride)
			continue;
		for (i = page; i < page + PAGE / 8; i++)
			wrong |= words[i] ^ (word + i * 8);
	}
	return !wrong;
}

/* Return where a pile differs from what was written, or -1. */
ssize_t pile_mismatch(const struct pile *pile)
{
	int fd = open(pile->path, O_RDONLY);
	ssize_t wrong = -1;
	__u64 at;

	for (at = 0; at < pile->size && wrong < 0; at += MIB)
		if (pread(fd, words, MIB, at) != (ssize_t)MIB ||
		    !part_is_right(pile, at))
			wrong = at;
	close(fd);
	return wrong;
}

/* Fill the free memory except for @leave bytes, then fragment the pile. */
int load_comb(struct pile *pile, __u64 leave, unsigned int stride)
{
	__u64 available = mem_free();
	int err;

	pile->size = available > leave ? (available - leave) / MIB * MIB : 0;
	err = pile_make(pile);
	return err ? err : pile_comb(pile, stride);
}

/*
 * Allocate all available memory and fill it with TAKEN. If another process can get a
 * freed page of a buffer, the page is in this memory.
 */
unsigned char *take_all_memory(size_t *size)
{
	unsigned char *mem;

	*size = mem_available() - SPARE;
	mem = mmap(NULL, *size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem != MAP_FAILED)
		memset(mem, TAKEN, *size);
	return mem;
}

bool all_marks(const unsigned char *mem, size_t size)
{
	return mem[0] == TAKEN && !memcmp(mem, mem + 1, size - 1);
}
