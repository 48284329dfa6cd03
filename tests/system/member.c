// SPDX-License-Identifier: GPL-2.0-only
/*
 * member CARD ROUNDS, run by a user who is not root but in the card's group.
 *
 * Each round allocates a buffer and opens its node in the next system calls,
 * without waiting for udev. A shell is too slow for this test. Then the round reads
 * the buffer's address, maps the buffer and frees it. Prints the number of rounds
 * in which all of this worked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib.h"

#define SIZE	(64 * KIB)

static int fails(const char *step, int err)
{
	if (err)
		printf("%s: %s\n", step, strerror(err));
	return err;
}

static int use(int fd, const struct card *card)
{
	char *mem;

	if (attr_u64(buf_attr(card, "member", "dma_addr")) == NO_NUMBER)
		return fails("dma_addr", EINVAL);
	mem = buf_map(fd, SIZE, 0);
	if (mem == MAP_FAILED)
		return fails("mmap", errno);
	mem[SIZE - 1] = 1;
	munmap(mem, SIZE);
	return 0;
}

static int a_round(const struct card *card)
{
	int err = card_write(card, "alloc", "64K member");
	int fd;

	if (err)
		return fails("alloc", err);
	fd = buf_open(card, "member", O_RDWR);
	err = fd < 0 ? fails("open", errno) : use(fd, card);
	if (fd >= 0)
		close(fd);
	if (fails("free", card_write(card, "free", "member")))
		err = EBUSY;
	return err;
}

int main(int argc, char **argv)
{
	struct card card = { .slot = 0 };
	int i, rounds, good = 0;

	if (argc != 3)
		return 2;
	snprintf(card.bdf, sizeof(card.bdf), "%s", argv[1]);
	rounds = atoi(argv[2]);
	for (i = 0; i < rounds; i++)
		good += !a_round(&card);
	printf("%d of %d\n", good, rounds);
	return good != rounds;
}
