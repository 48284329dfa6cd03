// SPDX-License-Identifier: GPL-2.0-only
/* Attributes, cards and buffers, used as a shell script would use them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "lib.h"

#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8
#define EDU_MASK	28	/* bits of QEMU's edu by default */

const char *pathf(const char *fmt, ...)
{
	static char ring[8][PATH_MAX];
	static unsigned int next;
	char *path = ring[next++ % 8];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, PATH_MAX, fmt, args);
	va_end(args);
	return path;
}

/* Do one write(2). Return 0 or its errno. */
int attr_write_n(const char *path, const void *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int err;

	if (fd < 0)
		return errno;
	done = write(fd, text, len);
	err = done < 0 ? errno : 0;
	close(fd);
	if (!err && (size_t)done != len)
		err = EIO;
	return err;
}

int attr_write(const char *path, const char *text)
{
	return attr_write_n(path, text, strlen(text));
}

/* Read an attribute, without the newline at the end. */
int attr_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;
	int err;

	if (fd < 0)
		return errno;
	while ((got = read(fd, text + used, size - 1 - used)) > 0)
		used += got;
	err = got < 0 ? errno : 0;
	close(fd);
	if (used && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	return err;
}

__u64 attr_u64(const char *path)
{
	char text[64];
	char *end;
	__u64 value;
	int err = attr_read(path, text, sizeof(text));

	if (err) {
		printf("# %s: %s\n", path, strerror(err));
		return NO_NUMBER;
	}
	value = strtoull(text, &end, 0);
	return *text && !*end ? value : NO_NUMBER;
}

const char *card_attr(const struct card *card, const char *attr)
{
	return pathf(CARDS_DIR "/%s/%s", card->bdf, attr);
}

const char *pci_attr(const struct card *card, const char *attr)
{
	return pathf(PCI_DIR "/devices/%s/%s", card->bdf, attr);
}

const char *buf_attr(const struct card *card, const char *name,
		     const char *attr)
{
	return pathf(CARDS_DIR "/%s/buffers/%s/%s", card->bdf, name, attr);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool is_of(const char *bdf, unsigned int vendor, unsigned int device)
{
	return attr_u64(pathf(PCI_DIR "/devices/%s/vendor", bdf)) == vendor &&
	       attr_u64(pathf(PCI_DIR "/devices/%s/device", bdf)) == device;
}

/* The runner lists all cards of the guest in the order of their addresses. */
static void describe(unsigned int nth, struct card *card)
{
	const char *list = getenv("PCIBUF_CARDS");
	char *copy = strdup(list ? list : "edu");
	char *word, *rest = copy;
	int slot;

	for (slot = 0; (word = strsep(&rest, " ")); slot++) {
		if (strncmp(word, "edu", 3) || nth--)
			continue;
		card->slot = slot;
		if (sscanf(word, "edu:%u", &card->mask) != 1)
			card->mask = EDU_MASK;
	}
	free(copy);
}

/* Find the nth card of a kind, in the order of PCI addresses. */
int card_find_id(unsigned int vendor, unsigned int device, unsigned int nth,
		 struct card *card)
{
	struct dirent **found;
	int i, count = scandir(PCI_DIR "/devices", &found, visible, alphasort);
	int err = ENODEV;

	memset(card, 0, sizeof(*card));
	card->mask = 64;
	for (i = 0; i < count; i++) {
		if (err && is_of(found[i]->d_name, vendor, device) && !nth--) {
			snprintf(card->bdf, sizeof(card->bdf), "%.15s",
				 found[i]->d_name);
			err = 0;
		}
		free(found[i]);
	}
	if (count >= 0)
		free(found);
	return err;
}

/* Find the nth edu card, and the properties that the runner gave it. */
int card_find(unsigned int nth, struct card *card)
{
	int err = card_find_id(EDU_VENDOR, EDU_DEVICE, nth, card);

	if (!err)
		describe(nth, card);
	return err;
}

/*
 * Bind a card as a user does. A card that is bound already stays bound. The kernel may
 * have a built-in driver for the card, which is unbound first.
 */
int card_bind(const struct card *card)
{
	int err = attr_write(pci_attr(card, "driver_override"), "pcibuf");

	if (!err && access(card_attr(card, ""), F_OK)) {
		attr_write(pci_attr(card, "driver/unbind"), card->bdf);
		err = attr_write(PCI_DIR "/drivers_probe", card->bdf);
	}
	if (!err && access(card_attr(card, ""), F_OK))
		err = errno;
	return err;
}

/* Did a process exit with status 0 or by SIGKILL? Other processes may kill it. */
bool ended_well(int status)
{
	return !status || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Return the bus master bit of the command register, -1 if there is no card. */
static int command_has(const struct card *card, __u16 bit)
{
	int fd = open(pci_attr(card, "config"), O_RDONLY | O_CLOEXEC);
	__u16 command;
	bool got = pread(fd, &command, 2, PCI_COMMAND) == 2;

	close(fd);
	return got && command != 0xffff ? !!(command & bit) : -1;
}

int card_is_master(const struct card *card)
{
	return command_has(card, PCI_COMMAND_MASTER);
}

/* Like card_is_master(): is the card's interrupt line switched off? */
int card_is_quiet(const struct card *card)
{
	return command_has(card, PCI_COMMAND_INTX_DISABLE);
}

/*
 * Write a note to the card's interrupt line, a byte that only software uses. A trace
 * shows the note, and the next kernel can read it. With @back, read the note. Return 0
 * or an errno.
 */
int card_note(const struct card *card, bool back, unsigned char *value)
{
	int fd = open(pci_attr(card, "config"), O_RDWR | O_CLOEXEC);
	ssize_t done = back ? pread(fd, value, 1, PCI_INTERRUPT_LINE) :
			      pwrite(fd, value, 1, PCI_INTERRUPT_LINE);

	close(fd);
	return done == 1 ? 0 : EIO;
}

int card_unbind(const struct card *card)
{
	return attr_write(PCI_DIR "/drivers/pcibuf/unbind", card->bdf);
}

int card_revoke_all(const struct card *card)
{
	struct dirent **found;
	int i, count = scandir(card_attr(card, "buffers"), &found, visible,
			       alphasort);
	int err = count < 0 ? errno : 0;

	for (i = 0; i < count; i++) {
		if (!err)
			err = card_write(card, "revoke", "%s",
					 found[i]->d_name);
		free(found[i]);
	}
	if (count >= 0)
		free(found);
	return err;
}

/*
 * Revoke all buffers and set the attributes as after bind, with the hardware's mask, and
 * with as many buffers as the machine can name.
 */
int card_reset(const struct card *card)
{
	char limit[64];
	int err = card_revoke_all(card);

	if (!err)
		err = card_write(card, "dma_mask_bits", "%u", card->mask);
	if (!err)
		err = card_write(card, "gid", "0");
	if (!err)
		err = attr_read(MAX_TOTAL, limit, sizeof(limit));
	if (!err)
		err = card_write(card, "max_bytes", "%s", limit);
	if (!err)
		err = card_write(card, "max_buffers", "1048576");
	return err;
}

/* Find, bind and reset a card. Every fixture begins with this. */
int card_get(unsigned int nth, struct card *card)
{
	int err = card_find(nth, card);

	if (!err)
		err = card_bind(card);
	if (!err)
		err = card_reset(card);
	if (err)
		printf("# edu card %u %s: %s\n", nth, card->bdf, strerror(err));
	return err;
}

int card_write(const struct card *card, const char *attr, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return attr_write(card_attr(card, attr), text);
}

/* Return /dev/pcibufN from the target of the link under buffers/, "" if there is none. */
const char *buf_node(const struct card *card, const char *name)
{
	char target[PATH_MAX];
	const char *link = pathf(CARDS_DIR "/%s/buffers/%s", card->bdf, name);
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len < 0)
		return "";
	target[len] = '\0';
	return pathf("/dev%s", strrchr(target, '/'));
}

/* Return a descriptor, or -1 and errno. */
int buf_open(const struct card *card, const char *name, int flags)
{
	return open(buf_node(card, name), flags | O_CLOEXEC);
}

int buf_info(int fd, struct pcibuf_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	return ioctl(fd, PCIBUF_IOC_INFO, info) ? errno : 0;
}

int buf_segments(int fd, struct pcibuf_segment *segments, __u32 first,
		 __u32 *count)
{
	struct pcibuf_segments list = {
		.argsz = sizeof(list),
		.first = first,
		.count = *count,
		.segments = (unsigned long)segments,
	};

	if (ioctl(fd, PCIBUF_IOC_SEGMENTS, &list))
		return errno;
	*count = list.count;
	return 0;
}

/* Return MAP_FAILED and errno if the mapping is refused. */
void *buf_map(int fd, size_t length, __u64 offset)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    offset);
}

/* Open and map an existing buffer. */
int buf_get(const struct card *card, const char *name, size_t size,
	    struct buf *buf)
{
	int err;

	buf->size = size;
	buf->fd = buf_open(card, name, O_RDWR);
	if (buf->fd < 0)
		return errno;
	buf->mem = buf_map(buf->fd, size, 0);
	if (buf->mem != MAP_FAILED)
		return 0;
	err = errno;
	close(buf->fd);
	return err;
}

/* Allocate, open and map a buffer. @how is alloc or alloc_sg. */
int buf_make(const struct card *card, const char *how, size_t size,
	     const char *label, struct buf *buf)
{
	int err = card_write(card, how, "%zu %s", size, label);

	return err ? err : buf_get(card, label, size, buf);
}

/* Unmap and close the buffer. The buffer stays allocated. */
void buf_put(struct buf *buf)
{
	munmap(buf->mem, buf->size);
	close(buf->fd);
}
