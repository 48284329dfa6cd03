// SPDX-License-Identifier: GPL-2.0-only
/*
 * inside NODE
 *
 * Uses a buffer in a container that has only the node. Gets the facts about the
 * buffer and its segments, maps the buffer, finds "from outside" at its beginning,
 * and writes "from inside" at its end. Prints the facts, one a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pcibuf.h"

#define GREETING	"from outside"
#define ANSWER		"from inside"
#define SEGMENTS	64

static void die(const char *what)
{
	fprintf(stderr, "inside: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void print_segments(int fd)
{
	struct pcibuf_segment array[SEGMENTS];
	struct pcibuf_segments query = {
		.argsz = sizeof(query),
		.count = SEGMENTS,
		.segments = (unsigned long)array,
	};
	unsigned int i;

	if (ioctl(fd, PCIBUF_IOC_SEGMENTS, &query))
		die("segments");
	for (i = 0; i < query.count; i++)
		printf("segment 0x%016llx 0x%016llx 0x%016llx\n",
		       array[i].offset, array[i].dma_addr, array[i].length);
}

static void talk(int fd, size_t size)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mem == MAP_FAILED)
		die("mmap");
	if (memcmp(mem, GREETING, strlen(GREETING))) {
		fprintf(stderr, "inside: no greeting\n");
		exit(1);
	}
	memcpy(mem + size - strlen(ANSWER), ANSWER, strlen(ANSWER));
}

int main(int argc, char **argv)
{
	struct pcibuf_info info = { .argsz = sizeof(info) };
	int fd;

	if (argc != 2)
		return 2;
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		die(argv[1]);
	if (ioctl(fd, PCIBUF_IOC_INFO, &info))
		die("info");
	printf("card %s\nlabel %s\nsize %llu\n", info.card, info.label, info.size);
	printf("dma_addr %#llx\n", info.dma_addr);
	print_segments(fd);
	talk(fd, info.size);
	return 0;
}
