/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark: measures the costs of several ways to allocate and map memory.
 *
 * bench.c runs the ways, measure.c measures one way, and ways-*.c define the
 * ways. Results are lines of fields separated by tabs, see emit().
 */
#ifndef PCIBUF_BENCH_H
#define PCIBUF_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KIB	(1024UL)
#define MIB	(1024UL * KIB)
#define GIB	(1024UL * MIB)
#define PAGE	(4 * KIB)
#define HUGE	(2 * MIB)

/* Size of the bounce buffer, and of one request to the disk. */
#define CHUNK	(4 * MIB)

/* Copies and disks are not measured for larger sizes; one round is enough. */
#define USE_MAX	(256 * MIB)

/* The options of the command line. */
struct options {
	const char *card;	/* PCI address of a card bound to pcibuf */
	const char *vfio;	/* PCI address of a card bound to vfio-pci */
	const char *disk;	/* a file or device that is overwritten */
	const char *ways;	/* names, separated by commas; NULL: all */
	size_t sizes[16];
	unsigned int nr_sizes;
	unsigned int rounds;
	unsigned int passes;	/* number of copies and reads in a round */
};

extern struct options options;

/* Memory that is being measured. */
struct area {
	size_t size;
	void *mem;
	int fd;			/* the node that is mapped, or -1 */
	void *reserved;		/* address for the mapping, or NULL */
	unsigned long others;	/* huge pages that others reserved */
};

/* The address of the mapping relative to multiples of 2 MiB. */
enum where {
	ANYWHERE,	/* as the kernel chooses */
	ALIGNED,
	ODD,		/* one page after a multiple of 2 MiB */
};

/**
 * struct way - one way to allocate and map memory
 * @name: name in the results
 * @where: alignment of @area->reserved, which is set before @make
 * @make: allocate the memory, if that is a step of its own
 * @map: map the memory, and set @area->mem
 * @unmap: undo @map
 * @drop: undo @make
 * @reads: the node can be read, so that a copy by read() can be measured
 *
 * @make and @map return 0 or an errno.
 */
struct way {
	const char *name;
	enum where where;
	int (*make)(struct area *area);
	int (*map)(struct area *area);
	void (*unmap)(struct area *area);
	void (*drop)(struct area *area);
	bool reads;
};

/* ways-anon.c, ways-rival.c, ways-pcibuf.c; each table ends with an empty entry */
extern const struct way anon_ways[];
extern const struct way rival_ways[];
extern const struct way pcibuf_ways[];

/* ways-anon.c */
void *place(size_t size, enum where where);
int map_area(struct area *area, int flags);
void unmap_area(struct area *area);
int no_make(struct area *area);
void no_drop(struct area *area);

/* measure.c */
int measure_init(void);
int measure(const struct way *way, size_t size, unsigned int round);

/* disk.c */
int disk_init(void);
bool disk_there(void);
int disk_write(struct area *area, size_t length);
int disk_copy(struct area *area, size_t length, void *bounce, bool reads);
int disk_check(const void *mem, size_t length, void *bounce);

#endif /* PCIBUF_BENCH_H */
