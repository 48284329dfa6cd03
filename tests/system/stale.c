// SPDX-License-Identifier: GPL-2.0-only
/*
 * stale CARD OTHER LINK ROUNDS
 *
 * LINK is the link that udev makes for the buffer rx of CARD. Each round frees rx,
 * allocates tx on the OTHER card, and opens LINK at once and repeatedly until udev
 * has removed LINK. LINK must lead nowhere during this time, and never to tx.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib.h"

#define STEP_US		1000
#define PATIENCE_US	(20 * 1000 * 1000)

static unsigned int opened_stale;

/* Get the facts of the buffer that the link leads to, if there is one. */
static int look(const char *link, struct pcibuf_info *info)
{
	int fd = open(link, O_RDWR | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno;
	err = buf_info(fd, info);
	close(fd);
	return err;
}

/* udev makes the link some time after the buffer appears. */
static int wait_for_link(const char *link, const struct card *card)
{
	struct pcibuf_info info;
	int waited;

	for (waited = 0; waited < PATIENCE_US; waited += STEP_US) {
		if (!look(link, &info))
			return strcmp(info.card, card->bdf) ||
			       strcmp(info.label, "rx") ? EBADF : 0;
		usleep(STEP_US);
	}
	return ETIMEDOUT;
}

/* Return how often the link existed and led nowhere. */
static int chase(const char *link)
{
	struct pcibuf_info info;
	struct stat st;
	int waited, there = 0;

	for (waited = 0; waited < PATIENCE_US; waited += STEP_US) {
		if (!look(link, &info) && !opened_stale++)
			printf("opened %s of %s\n", info.label, info.card);
		if (lstat(link, &st))
			break;
		there++;
		usleep(STEP_US);
	}
	return there;
}

static int a_round(const struct card *card, const struct card *other,
		   const char *link, unsigned int *tries)
{
	int err = card_write(card, "alloc", "64K rx");

	if (!err)
		err = wait_for_link(link, card);
	if (!err)
		err = card_write(card, "free", "rx");
	if (!err)
		err = card_write(other, "alloc", "64K tx");
	if (!err)
		*tries += chase(link);
	if (!err)
		err = card_write(other, "free", "tx");
	return err;
}

int main(int argc, char **argv)
{
	struct card card = { .slot = 0 }, other = { .slot = 0 };
	unsigned int tries = 0;
	int i, err = 0;

	if (argc != 5)
		return 2;
	snprintf(card.bdf, sizeof(card.bdf), "%s", argv[1]);
	snprintf(other.bdf, sizeof(other.bdf), "%s", argv[2]);
	for (i = 0; i < atoi(argv[4]) && !err; i++)
		err = a_round(&card, &other, argv[3], &tries);
	printf("%d rounds, a stale link tried %u times, opened %u times%s%s\n",
	       i, tries, opened_stale, err ? ": " : "",
	       err ? strerror(err) : "");
	/* If the link was never stale, the test has proved nothing. */
	return err || opened_stale || !tries;
}
