// SPDX-License-Identifier: GPL-2.0-only
/* The descriptor and the mappings that one process has of a buffer. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib-scene.h"

#define SHIFT	(3 * PAGE)

int differs(const char *what, long wanted, long is)
{
	if (wanted == is)
		return 0;
	printf("# [%d] %s: %ld, wanted %ld\n", getpid(), what, is, wanted);
	fflush(stdout);
	return 1;
}

int hold_open(struct hold *hold, const struct card *card, int flags)
{
	memset(hold, 0, sizeof(*hold));
	hold->fd = buf_open(card, SCENE_BUFFER, flags);
	return hold->fd < 0 ? errno : 0;
}

int hold_map(struct hold *hold)
{
	int err = place_map(&hold->large, hold->fd, SCENE_SIZE, 0, 0);

	return err ? err : place_map(&hold->small, hold->fd, SCENE_SIZE, SHIFT,
				     0);
}

static __u64 stamp_at(size_t offset)
{
	return 0x7063696275660000ULL ^ offset * 0x9e3779b97f4a7c15ULL;
}

/* Write a different word to each page, through one of the mappings. */
void hold_stamp(struct hold *hold)
{
	size_t at;

	for (at = 0; at < SCENE_SIZE; at += PAGE)
		*(__u64 *)(hold->large.mem + at) = stamp_at(at);
}

/* @mem is at @offset in the buffer. Return where a page has another stamp, or -1. */
ssize_t stamp_mismatch(const void *mem, size_t length, size_t offset)
{
	size_t at, first = -offset & (PAGE - 1);

	for (at = first; at + 8 <= length; at += PAGE) {
		__u64 wanted = stamp_at(offset + at);

		if (memcmp((const char *)mem + at, &wanted, 8))
			return at;
	}
	return -1;
}

static int place_is_gone(const struct place *place)
{
	static const size_t places[] = {
		0, PAGE - 1, HUGE_PAGE, HUGE_PAGE + MIB, SCENE_SIZE - 1,
	};
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++)
		wrong += differs("signal of a touch", SIGBUS,
				 touch(place->mem + places[i]));
	return wrong;
}

static int file_is_gone(int fd)
{
	struct pcibuf_info info;
	char byte = 0;
	int wrong;

	wrong = differs("PCIBUF_IOC_INFO", ENODEV, buf_info(fd, &info));
	errno = 0;
	wrong += differs("pread", -1, pread(fd, &byte, 1, 0));
	wrong += differs("errno of pread", ENODEV, errno);
	errno = 0;
	wrong += differs("pwrite", -1, pwrite(fd, &byte, 1, 0));
	wrong += differs("errno of pwrite", ENODEV, errno);
	errno = 0;
	wrong += differs("mmap", (long)MAP_FAILED, (long)buf_map(fd, PAGE, 0));
	return wrong + differs("errno of mmap", ENODEV, errno);
}

static int place_is_kept(const struct place *place)
{
	int sig = touch(place->mem);

	if (sig)
		return differs("signal of a touch", 0, sig);
	return differs("first wrong stamp", -1,
		       stamp_mismatch(place->mem, SCENE_SIZE, 0));
}

static int file_is_kept(int fd)
{
	struct pcibuf_info info;
	__u64 words[2];
	int wrong;

	wrong = differs("PCIBUF_IOC_INFO", 0, buf_info(fd, &info));
	wrong += differs("pread", sizeof(words),
			 pread(fd, words, sizeof(words), HUGE_PAGE + PAGE));
	return wrong + differs("stamp by pread", -1,
			       stamp_mismatch(words, sizeof(words),
					      HUGE_PAGE + PAGE));
}

int hold_check(const struct hold *hold, enum outcome outcome)
{
	bool kept = outcome == KEPT;
	int wrong = 0;

	if (hold->fd >= 0)
		wrong += kept ? file_is_kept(hold->fd) : file_is_gone(hold->fd);
	if (!hold->large.room)
		return wrong;
	if (kept)
		return wrong + place_is_kept(&hold->large) +
		       place_is_kept(&hold->small);
	return wrong + place_is_gone(&hold->large) +
	       place_is_gone(&hold->small);
}

int hold_drop(struct hold *hold)
{
	int wrong = 0;

	if (hold->large.room) {
		wrong += differs("munmap", 0,
				 munmap(hold->large.mem, SCENE_SIZE));
		wrong += differs("munmap", 0,
				 munmap(hold->small.mem, SCENE_SIZE));
		place_drop(&hold->large);
		place_drop(&hold->small);
	}
	if (hold->fd >= 0)
		wrong += differs("close", 0, close(hold->fd));
	memset(hold, 0, sizeof(*hold));
	hold->fd = -1;
	return wrong;
}
