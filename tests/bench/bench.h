/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark: ways to have memory, and what each costs.
 *
 * bench.c runs them, measure.c measures one, ways-*.c are the ways. Results are
 * lines of fields separated by tabs, see emit().
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

/* Bounce buffer, and how much is given to the disk at once. */
#define CHUNK	(4 * MIB)

/* Beyond that copies and disks say nothing new, and one round is enough. */
#define USE_MAX	(256 * MIB)

/* What the command line said. */
struct options {
	const char *card;	/* PCI address of the card that pcibuf has */
	const char *vfio;	/* of one that vfio-pci has */
	const char *disk;	/* to be overwritten */
	const char *ways;	/* names, comma between; NULL: all */
	size_t sizes[16];
	unsigned int nr_sizes;
	unsigned int rounds;
	unsigned int passes;	/* of copies and reads in a round */
};

extern struct options options;

/* Memory that is being measured. */
struct area {
	size_t size;
	void *mem;
	int fd;			/* of the node that it is mapped from, or -1 */
	void *reserved;		/* where it shall be mapped, or NULL */
	unsigned long others;	/* huge pages that are not ours */
};

/* Where it is mapped, seen from multiples of 2 MiB. */
enum where {
	ANYWHERE,	/* as the kernel chooses */
	ALIGNED,
	ODD,		/* a page off */
};

/**
 * struct way - one way to have memory
 * @name: in the results
 * @where: set @area->reserved to that before @make
 * @make: have the memory, as far as that is apart from mapping it
 * @map: map it, to @area->mem
 * @unmap: undo @map
 * @drop: undo @make
 * @reads: the node can be read, so that there is a copy to compare with
 *
 * The first two return 0 or an errno.
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

/* ways-anon.c, ways-rival.c, ways-pcibuf.c; each ends with an empty one */
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
