// SPDX-License-Identifier: GPL-2.0-only
/* Stress: attributes, with almost correct requests, and calls on nodes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stress.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_TEXT	6000	/* more than a page */

static int error(long ret)
{
	return ret < 0 ? errno : 0;
}

static int make_buffer(struct worker *worker)
{
	static const char * const sizes[] = {
		"1", "4K", "0x3000", "64k", "65K", "1M", "2M", "2M", "2M",
		"0x203000", "3M", "4M", "6m", "8M", "64M", "300M", "1T",
	};
	const char *how = pick(worker, 2) ? "alloc" : "alloc_sg";
	const char *size = sizes[pick(worker, ARRAY_SIZE(sizes))];
	const char *label = pick(worker, 4) ? some_name(worker) : "";
	int err = card_write(some_card(worker), how, "%s %s", size, label);

	if (!err && worker->role == OUTSIDER)
		wrong(worker, "an outsider made a buffer");
	return err;
}

static int free_buffer(struct worker *worker)
{
	int err = card_write(some_card(worker), "free", "%s",
			     some_name(worker));

	if (!err && worker->role == OUTSIDER)
		wrong(worker, "an outsider freed a buffer");
	return err;
}

static int revoke_buffer(struct worker *worker)
{
	int err = card_write(some_card(worker), "revoke", "%s",
			     some_name(worker));

	if (!err && worker->role != ROOT)
		wrong(worker, "somebody but root revoked a buffer");
	return err;
}

static const char *some_attr(struct worker *worker)
{
	static const char * const of_card[] = {
		"alloc", "alloc_sg", "free", "revoke", "dma_mask_bits",
		"max_bytes", "allocated_bytes", "nr_buffers", "gid",
		"last_error", "serial", "uevent", "buffers", "power/control",
	};
	static const char * const of_buffer[] = {
		"size", "label", "index", "dma_addr", "nr_segments",
		"segments", "backing", "numa_node", "open_count", "uevent",
		"dev",
	};
	const struct card *card = some_card(worker);

	if (!pick(worker, 40))
		return MAX_TOTAL;
	if (pick(worker, 2))
		return card_attr(card, of_card[pick(worker,
						    ARRAY_SIZE(of_card))]);
	return buf_attr(card, some_name(worker),
			of_buffer[pick(worker, ARRAY_SIZE(of_buffer))]);
}

/* Compose a text of valid parts, and change a byte of it or none. */
static size_t near_words(struct worker *worker, char *text)
{
	static const char * const parts[] = {
		"4K", "0x", "1", "M", " ", "\t", "\n", "rx", "pcibuf", "0",
		"-", ".", "B", "key=value", "18446744073709551615", "T", "G",
		"\0", "a", "32", "64", "999999999999999999999",
	};
	static const char * const right[] = {
		"4K", "12K a\n", "a\n", "b", "0", "64", "900", "128M\n",
	};
	size_t length = 0, i, nr = 1 + pick(worker, 6);

	if (!pick(worker, 2)) {
		strcpy(text, right[pick(worker, ARRAY_SIZE(right))]);
		return strlen(text);
	}
	for (i = 0; i < nr; i++) {
		const char *part = parts[pick(worker, ARRAY_SIZE(parts))];
		size_t size = *part ? strlen(part) : 1;

		memcpy(text + length, part, size);
		length += size;
	}
	if (!pick(worker, 4))
		text[pick(worker, length)] = pick(worker, 256);
	return length;
}

/* Write any text, also from an address without memory. */
static int write_anything(struct worker *worker)
{
	static char text[MAX_TEXT];
	size_t i, length = pick(worker, 2) ? pick(worker, 16) :
					     pick(worker, MAX_TEXT);

	if (!pick(worker, 4))
		return attr_write_n(some_attr(worker), some_pointer(worker),
				    length);
	if (pick(worker, 2)) {
		length = near_words(worker, text);
	} else {
		for (i = 0; i < length; i++)
			text[i] = pick(worker, 256);
	}
	return attr_write_n(some_attr(worker), text, length);
}

static int read_attr(struct worker *worker)
{
	int fd = open(some_attr(worker), O_RDONLY | O_CLOEXEC);
	int err = error(fd);

	if (!err)
		err = error(pread(fd, some_pointer(worker),
				  pick(worker, 2 * PAGE), pick(worker, 300)));
	close(fd);
	return err;
}

/* Open a node by a name, which may be that of a buffer. */
static int open_any(struct worker *worker, int how)
{
	const struct card *card = some_card(worker);
	unsigned int tries = 6;
	int fd = -1;

	while (fd < 0 && tries--)
		fd = buf_open(card, some_name(worker), how);
	return fd;
}

static int open_node(struct worker *worker)
{
	static const int flags[] = {
		O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY,
		O_RDWR | O_APPEND, O_RDWR | O_NONBLOCK, O_RDWR | O_TRUNC,
		O_RDWR | O_DIRECT, O_PATH,
	};
	int how = flags[pick(worker, ARRAY_SIZE(flags))];
	int *fd = some_fd(worker);

	close(*fd);
	*fd = open_any(worker, how);
	if (*fd >= 0 && worker->role == OUTSIDER && how != O_PATH)
		wrong(worker, "an outsider opened a node");
	return error(*fd);
}

static int close_node(struct worker *worker)
{
	int *fd = some_fd(worker), err = error(close(*fd));

	*fd = -1;
	return err;
}

static int duplicate(struct worker *worker)
{
	int from = *some_fd(worker), *to = some_fd(worker);

	close(*to);
	*to = fcntl(from, F_DUPFD_CLOEXEC, 3);
	return error(*to);
}

/* Call the ioctls with structures of any size, in which some fields are correct. */
static int call_ioctl(struct worker *worker)
{
	static const unsigned int sizes[] = { 0, 1, 8, 24, 120, 4096, ~0U };
	struct pcibuf_segments request = {
		.argsz = pick(worker, 2) ? sizeof(request) :
			 sizes[pick(worker, ARRAY_SIZE(sizes))],
		.flags = pick(worker, 16) ? 0 : pick(worker, 4),
		.first = pick(worker, 2) ? 0 : pick(worker, ~0U),
		.count = pick(worker, 2) ? pick(worker, 600) :
			 pick(worker, ~0U),
		.segments = (unsigned long)some_pointer(worker),
	};
	void *at = pick(worker, 4) ? (void *)&request : some_pointer(worker);
	unsigned long calls[] = {
		PCIBUF_IOC_INFO, PCIBUF_IOC_SEGMENTS, PCIBUF_IOC_SEGMENTS,
		_IO(PCIBUF_IOC_MAGIC, pick(worker, 256)), pick(worker, ~0U),
	};
	char room[sizeof(struct pcibuf_info)] = { };

	memcpy(room, &request, sizeof(request));
	if (at == &request)
		at = room;
	return error(ioctl(*some_fd(worker),
			   calls[pick(worker, ARRAY_SIZE(calls))], at));
}

static off_t some_offset(struct worker *worker)
{
	if (!pick(worker, 8))
		return (off_t)pick(worker, ~0U) << pick(worker, 32);
	if (!pick(worker, 4))
		return pick(worker, PAGE);
	return pick(worker, 8 * MIB);
}

static int read_node(struct worker *worker)
{
	struct iovec parts[2] = {
		{ some_pointer(worker), pick(worker, 2 * PAGE) },
		{ some_pointer(worker), pick(worker, 64 * KIB) },
	};

	return error(preadv(*some_fd(worker), parts, 2, some_offset(worker)));
}

static int write_node(struct worker *worker)
{
	struct iovec parts[2] = {
		{ some_pointer(worker), pick(worker, 2 * PAGE) },
		{ some_pointer(worker), pick(worker, 64 * KIB) },
	};

	return error(pwritev(*some_fd(worker), parts, 2, some_offset(worker)));
}

static int seek(struct worker *worker)
{
	off_t offset = pick(worker, 2) ? pick(worker, PAGE) :
					 some_offset(worker);

	return error(lseek(*some_fd(worker), offset, pick(worker, 6)));
}

static int make_pipe(struct worker *worker)
{
	int ends[2], *in = some_fd(worker), *out = some_fd(worker);

	if (in == out || pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return errno;
	close(*in);
	close(*out);
	*in = ends[0];
	*out = ends[1];
	return 0;
}

static int splice_some(struct worker *worker)
{
	int from = *some_fd(worker), to = *some_fd(worker);
	size_t length = pick(worker, 128 * KIB);
	struct iovec part = { some_pointer(worker), pick(worker, 64 * KIB) };

	switch (pick(worker, 4)) {
	case 0:
		return error(splice(from, NULL, to, NULL, length,
				    SPLICE_F_NONBLOCK | pick(worker, 2)));
	case 1:
		return error(vmsplice(to, &part, 1,
				      SPLICE_F_NONBLOCK |
				      (pick(worker, 2) ? SPLICE_F_GIFT : 0)));
	case 2:
		return error(tee(from, to, length, SPLICE_F_NONBLOCK));
	default:
		return error(sendfile(to, from, NULL, length));
	}
}

/* Make calls that a file like this does not support. */
static int other_calls(struct worker *worker)
{
	int fd = *some_fd(worker);
	struct pollfd wait = { .fd = fd, .events = POLLIN | POLLOUT };

	switch (pick(worker, 8)) {
	case 0: return error(fsync(fd));
	case 1: return error(ftruncate(fd, pick(worker, MIB)));
	case 2: return error(fallocate(fd, pick(worker, 128), 0, PAGE));
	case 3: return error(poll(&wait, 1, 0));
	case 4: return error(flock(fd, LOCK_EX | LOCK_NB));
	case 5: return error(fcntl(fd, F_SETFL, pick(worker, ~0U)));
	case 6: return error(posix_fadvise(fd, 0, PAGE, pick(worker, 8)));
	default: return error(sync_file_range(fd, 0, PAGE, pick(worker, 8)));
	}
}

const struct op file_ops[] = {
	{ "alloc", 30, OFTEN, make_buffer },
	{ "free", 10, OFTEN, free_buffer },
	{ "revoke", 3, OFTEN, revoke_buffer },
	{ "write attribute", 15, SELDOM, write_anything },
	{ "read attribute", 10, OFTEN, read_attr },
	{ "open", 40, OFTEN, open_node },
	{ "close", 6, OFTEN, close_node },
	{ "dup", 4, OFTEN, duplicate },
	{ "ioctl", 20, SELDOM, call_ioctl },
	{ "read", 15, OFTEN, read_node },
	{ "write", 15, SELDOM, write_node },
	{ "lseek", 4, OFTEN, seek },
	{ "pipe", 5, OFTEN, make_pipe },
	{ "splice", 15, SELDOM, splice_some },
	{ "other calls", 6, OFTEN, other_calls },
	{ }
};
