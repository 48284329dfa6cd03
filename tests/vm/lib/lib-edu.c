// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA engine and the interrupt of QEMU's edu card (docs/specs/edu in QEMU's tree).
 * Tests drive the card from user space through resource0, as users of pcibuf drive their
 * cards.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/types.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define EDU_BAR_SIZE		(1 * MIB)
#define EDU_REG_ID		0x00
#define EDU_REG_STATUS		0x24
#define EDU_REG_RAISE		0x60
#define EDU_REG_ACKNOWLEDGE	0x64
#define EDU_REG_DMA_FROM	0x80
#define EDU_REG_DMA_TO		0x88
#define EDU_REG_DMA_COUNT	0x90
#define EDU_REG_DMA_COMMAND	0x98
#define EDU_DMA_START		0x01
#define EDU_DMA_TO_MEMORY	0x02
#define EDU_ID			0x010000ed
#define EDU_OWN_MEMORY		0x40000	/* 4 KiB */
#define EDU_NO_CARD		(~0ULL)	/* what a read from nowhere returns */

#define EDU_TIMEOUT_S		20	/* one transfer takes 0.1 s */

int edu_open(const struct card *card, struct edu *edu)
{
	int fd = open(pci_attr(card, "resource0"), O_RDWR | O_CLOEXEC);
	void *bar;

	if (fd < 0)
		return errno;
	bar = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	close(fd);
	if (bar == MAP_FAILED)
		return errno;
	edu->bar = bar;
	if (__atomic_load_n((__u32 *)(edu->bar + EDU_REG_ID),
			    __ATOMIC_RELAXED) == EDU_ID)
		return 0;
	edu_close(edu);
	errno = ENXIO;
	return errno;
}

void edu_close(struct edu *edu)
{
	if (edu->bar)
		munmap(edu->bar, EDU_BAR_SIZE);
	edu->bar = NULL;
}

/*
 * Always store 8 bytes: a store of 4 bytes replaces the whole register and sets the
 * upper half to zero. The order matters too: the data in the buffer must be visible
 * before the card starts.
 */
static void edu_set(struct edu *edu, unsigned int reg, __u64 value)
{
	__atomic_store_n((__u64 *)(edu->bar + reg), value, __ATOMIC_SEQ_CST);
}

static __u64 edu_get(struct edu *edu, unsigned int reg)
{
	return __atomic_load_n((__u64 *)(edu->bar + reg), __ATOMIC_SEQ_CST);
}

/* Raise an interrupt: INTx until it is acknowledged, or one MSI. */
void edu_raise(struct edu *edu)
{
	__atomic_store_n((__u32 *)(edu->bar + EDU_REG_RAISE), 1,
			 __ATOMIC_SEQ_CST);
}

/* Acknowledge all interrupts: INTx ends when this returns. */
void edu_acknowledge(struct edu *edu)
{
	__atomic_store_n((__u32 *)(edu->bar + EDU_REG_ACKNOWLEDGE), ~0U,
			 __ATOMIC_SEQ_CST);
	__atomic_load_n((__u32 *)(edu->bar + EDU_REG_STATUS), __ATOMIC_SEQ_CST);
}

/*
 * Wait until a transfer is over. Return 0 or an errno, which is ENODEV if no card answers.
 */
int edu_wait(struct edu *edu)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	time_t end = time(NULL) + EDU_TIMEOUT_S;
	__u64 command;

	while ((command = edu_get(edu, EDU_REG_DMA_COMMAND)) & EDU_DMA_START) {
		if (command == EDU_NO_CARD)
			return ENODEV;
		if (time(NULL) > end)
			return ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
	return 0;
}

static int edu_begin(struct edu *edu, __u64 from, __u64 to, __u32 length,
		     __u64 command)
{
	/* QEMU exits if the transfer passes the end of the card's own memory. */
	int err = length > EDU_MAX_TRANSFER ? EMSGSIZE : edu_wait(edu);

	if (err)
		return err;
	edu_set(edu, EDU_REG_DMA_FROM, from);
	edu_set(edu, EDU_REG_DMA_TO, to);
	edu_set(edu, EDU_REG_DMA_COUNT, length);
	edu_set(edu, EDU_REG_DMA_COMMAND, command | EDU_DMA_START);
	return 0;
}

static int edu_transfer(struct edu *edu, __u64 from, __u64 to, __u32 length,
			__u64 command)
{
	int err = edu_begin(edu, from, to, length, command);

	return err ? err : edu_wait(edu);
}

/* Copy memory at a bus address into the card. */
int edu_fetch(struct edu *edu, __u64 bus, __u32 length)
{
	return edu_transfer(edu, bus, EDU_OWN_MEMORY, length, 0);
}

/* Copy the card's own memory to a bus address. */
int edu_store(struct edu *edu, __u64 bus, __u32 length)
{
	return edu_transfer(edu, EDU_OWN_MEMORY, bus, length,
			    EDU_DMA_TO_MEMORY);
}

/* Begin a transfer like edu_store() and return. The data arrives 0.1 s later. */
int edu_begin_store(struct edu *edu, __u64 bus, __u32 length)
{
	return edu_begin(edu, EDU_OWN_MEMORY, bus, length, EDU_DMA_TO_MEMORY);
}

/* Copy from memory to memory through the card. */
int edu_copy(struct edu *edu, __u64 from, __u64 to, __u32 length)
{
	int err = edu_fetch(edu, from, length);

	return err ? err : edu_store(edu, to, length);
}

/* Open the card, and allocate a page that the card reaches, to copy from and to. */
int reach_open(const struct card *card, struct reach *reach)
{
	int err = edu_open(card, &reach->edu);

	if (!err)
		err = buf_make(card, "alloc", PAGE, "spare", &reach->spare);
	reach->bus = attr_u64(buf_attr(card, "spare", "dma_addr"));
	return err;
}

/* The page stays allocated as a buffer of the card. */
void reach_close(struct reach *reach)
{
	edu_close(&reach->edu);
	buf_put(&reach->spare);
}

/*
 * Copy one byte in both directions. Return 0 if both arrive, 1 if the card did not read
 * the byte at @mem, 2 if the card's byte did not arrive at @mem, -1 if a transfer
 * failed.
 */
int reaches(struct reach *reach, __u64 bus, unsigned char *mem)
{
	unsigned char *spare = reach->spare.mem;
	static unsigned char value;

	value += 0x35;
	*mem = value;
	*spare = ~value;
	if (edu_copy(&reach->edu, bus, reach->bus, 1))
		return -1;
	if (*spare != value)
		return 1;
	value += 0x35;
	*spare = value;
	if (edu_copy(&reach->edu, reach->bus, bus, 1))
		return -1;
	return *mem == value ? 0 : 2;
}
