// SPDX-License-Identifier: GPL-2.0-only
/* The nodes of a card's interrupts. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

const char *irq_attr(const struct card *card, unsigned int vector,
		     const char *attr)
{
	return pathf(CARDS_DIR "/%s/irqs/%u/%s", card->bdf, vector, attr);
}

/* Return /dev/pcibuf_irqN from the target of the link under irqs/, "" if there is none. */
const char *irq_node(const struct card *card, unsigned int vector)
{
	const char *link = pathf(CARDS_DIR "/%s/irqs/%u", card->bdf, vector);
	char target[PATH_MAX];
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len < 0)
		return "";
	target[len] = '\0';
	return pathf("/dev%s", strrchr(target, '/'));
}

/* Return a descriptor, or -1 and errno. */
int irq_open(const struct card *card, unsigned int vector, int flags)
{
	return open(irq_node(card, vector), flags | O_CLOEXEC);
}

/* Return 0 or an errno. */
int irq_read(int fd, struct pcibuf_irq_event *event)
{
	ssize_t got = read(fd, event, sizeof(*event));

	if (got < 0)
		return errno;
	return got == sizeof(*event) && event->count ? 0 : EPROTO;
}

/* What poll() reports for reading; 0 after so many milliseconds, -1 on failure. */
int irq_revents(int fd, int milliseconds)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };
	int nr = poll(&one, 1, milliseconds);

	return nr > 0 ? one.revents : nr;
}

/*
 * How often the kernel handled an interrupt on all processors; NO_NUMBER where
 * /proc/interrupts does not have it. @name is its number with a colon, or the name of a
 * handler, which may share the line with others.
 */
__u64 irq_handled(const char *name)
{
	FILE *file = fopen("/proc/interrupts", "re");
	__u64 sum = NO_NUMBER;
	char line[4096], *at, *end;

	while (file && sum == NO_NUMBER && fgets(line, sizeof(line), file)) {
		if (!strstr(line, name))
			continue;
		sum = 0;
		at = strchr(line, ':');
		for (at = at ? at + 1 : line; ; at = end) {
			__u64 count = strtoull(at, &end, 10);

			if (end == at)
				break;
			sum += count;
		}
	}
	if (file)
		fclose(file);
	return sum;
}
