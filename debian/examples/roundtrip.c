// SPDX-License-Identifier: GPL-2.0-only
/*
 * roundtrip NODE ADDRESS RESOURCE0
 *
 * Sends a pattern from one end of a buffer to the memory of QEMU's edu card, and
 * from there to the other end of the buffer. The card moves the bytes by DMA both
 * times. Then the program compares both ends.
 *
 *	NODE		/dev/pcibufN, or a link to it
 *	ADDRESS		the bus address of the buffer, from buffers/LABEL/dma_addr
 *	RESOURCE0	the registers of the card, for example
 *			/sys/bus/pci/devices/0000:01:00.0/resource0
 *
 * The card drives the address bits that QEMU was told (-device
 * edu,dma_mask=0xffffffff), by default 28, and cuts off the others. For a card with
 * 28 bits, run "pcibufctl mask 28" before you allocate the buffer.
 */
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BAR_SIZE	0x100000
#define REG_ID		0x00
#define REG_SRC		0x80
#define REG_DST		0x88
#define REG_COUNT	0x90
#define REG_COMMAND	0x98
#define EDU_ID		0x010000ed
#define CMD_START	1
#define CMD_TO_RAM	2
#define CARD_MEMORY	0x40000

/* Bytes that the card moves at once: no more than its own memory holds. */
#define LENGTH		4000

static void die(const char *what)
{
	fprintf(stderr, "roundtrip: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *map(const char *path, size_t *size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *mem;

	if (fd < 0)
		die(path);
	if (!*size)
		*size = lseek(fd, 0, SEEK_END);
	mem = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED)
		die(path);
	close(fd);
	return mem;
}

static volatile uint64_t *reg(void *bar, unsigned int offset)
{
	return (volatile uint64_t *)((char *)bar + offset);
}

/* Addresses are 64 bits wide: a 4-byte store would clear the upper half. */
static void card_move(void *bar, uint64_t src, uint64_t dst, int direction)
{
	int tries = 1000;

	*reg(bar, REG_SRC) = src;
	*reg(bar, REG_DST) = dst;
	*reg(bar, REG_COUNT) = LENGTH;
	*reg(bar, REG_COMMAND) = CMD_START | direction;
	while (*reg(bar, REG_COMMAND) & CMD_START && tries--)
		usleep(10000);
	if (tries < 0) {
		errno = ETIMEDOUT;
		die("the card");
	}
}

static void fill(unsigned char *mem)
{
	int i;

	for (i = 0; i < LENGTH; i++)
		mem[i] = i * 7 + i / 256 + 1;
}

int main(int argc, char **argv)
{
	size_t size = 0, bar_size = BAR_SIZE, last;
	unsigned char *mem;
	uint64_t address;
	void *bar;

	if (argc != 4) {
		fprintf(stderr, "usage: roundtrip NODE ADDRESS RESOURCE0\n");
		return 2;
	}
	address = strtoull(argv[2], NULL, 0);
	mem = map(argv[1], &size);
	bar = map(argv[3], &bar_size);
	if (size < 2 * LENGTH ||
	    *(volatile uint32_t *)reg(bar, REG_ID) != EDU_ID) {
		fprintf(stderr, "roundtrip: not an edu card, or a small buffer\n");
		return 1;
	}

	last = size - LENGTH;
	fill(mem);
	memset(mem + last, 0, LENGTH);
	printf("mapped %zu bytes, wrote a pattern to the first %d\n", size, LENGTH);
	card_move(bar, address, CARD_MEMORY, 0);
	printf("card read them from bus address %#llx\n",
	       (unsigned long long)address);
	card_move(bar, CARD_MEMORY, address + last, CMD_TO_RAM);
	printf("card wrote them to bus address %#llx\n",
	       (unsigned long long)(address + last));
	if (memcmp(mem, mem + last, LENGTH)) {
		printf("the last %d bytes differ\n", LENGTH);
		return 1;
	}
	printf("the last %d bytes of the mapping are the pattern\n", LENGTH);
	return 0;
}
