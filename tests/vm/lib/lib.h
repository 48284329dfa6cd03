/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that the guest tests of pcibuf share.
 *
 * Functions that do one request return 0 or the errno of that request, so that a test
 * can write ASSERT_EQ(EBUSY, card_write(...)). Paths and similar strings are in a small
 * ring of static buffers: use such a string at once.
 */
#ifndef PCIBUF_TESTS_LIB_H
#define PCIBUF_TESTS_LIB_H

#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>

#include <linux/types.h>

#include <pcibuf.h>

#define KIB		(1024UL)
#define MIB		(1024UL * KIB)
#define GIB		(1024UL * MIB)
#define PAGE		(4 * KIB)
#define HUGE_PAGE	(2 * MIB)
#ifndef __printf
#define __printf(fmt, args) __attribute__((	\
	__format__(__printf__, fmt, args)))
#endif

#define NO_NUMBER	(~(__u64)0)

#define CARDS_DIR	"/sys/class/pcibuf_card"
#define BUFFERS_DIR	"/sys/class/pcibuf"
#define IRQS_DIR	"/sys/class/pcibuf_irq"
#define PCI_DIR		"/sys/bus/pci"
#define PARAM_DIR	"/sys/module/pcibuf/parameters"
#define MAX_TOTAL	PARAM_DIR "/max_total"

/* The users and the group that the runner's /init adds to /etc/passwd and /etc/group. */
#define GID_PCIBUF	900
#define UID_ALICE	1000	/* in group pcibuf */
#define UID_BOB		1001	/* not in group pcibuf */

/* A card of this guest. */
struct card {
	char bdf[16];
	unsigned int mask;	/* address bits that the hardware has */
	int slot;		/* N of QEMU's cardN */
};

/* A buffer of a card, open and mapped whole. */
struct buf {
	int fd;
	size_t size;
	unsigned char *mem;
};

/* lib.c: attributes, cards, buffers */
int attr_write_n(const char *path, const void *text, size_t len);
int attr_write(const char *path, const char *text);
int attr_read(const char *path, char *text, size_t size);
__u64 attr_u64(const char *path);

__printf(1, 2) const char *pathf(const char *fmt, ...);
const char *card_attr(const struct card *card, const char *attr);
const char *pci_attr(const struct card *card, const char *attr);
const char *buf_attr(const struct card *card, const char *name,
		     const char *attr);

int card_find_id(unsigned int vendor, unsigned int device, unsigned int nth,
		 struct card *card);
int card_find(unsigned int nth, struct card *card);
int card_bind(const struct card *card);
int card_is_master(const struct card *card);
int card_is_quiet(const struct card *card);
int card_unbind(const struct card *card);
int card_reset(const struct card *card);
int card_get(unsigned int nth, struct card *card);
__printf(3, 4)
int card_write(const struct card *card, const char *attr, const char *fmt, ...);
int card_note(const struct card *card, bool back, unsigned char *value);
int card_revoke_all(const struct card *card);
bool ended_well(int status);

const char *buf_node(const struct card *card, const char *name);
int buf_open(const struct card *card, const char *name, int flags);
int buf_info(int fd, struct pcibuf_info *info);
int buf_segments(int fd, struct pcibuf_segment *segments, __u32 first,
		 __u32 *count);
void *buf_map(int fd, size_t length, __u64 offset);

int buf_get(const struct card *card, const char *name, size_t size,
	    struct buf *buf);
int buf_make(const struct card *card, const char *how, size_t size,
	     const char *label, struct buf *buf);
void buf_put(struct buf *buf);

/* lib-guest.c: properties of this guest */
bool iommu_translates(void);
unsigned int fewest_bits(void);
bool cma_exists(void);
bool large_pages_exist(void);
bool coherent_forced(void);
bool alloc_is_coherent(const struct card *card);
bool any_size(void);

/* lib-edu.c: the card's DMA engine */
#define EDU_MAX_TRANSFER	4095

struct edu {
	__u8 *bar;
};

int edu_open(const struct card *card, struct edu *edu);
void edu_close(struct edu *edu);
int edu_fetch(struct edu *edu, __u64 bus, __u32 length);
int edu_store(struct edu *edu, __u64 bus, __u32 length);
int edu_begin_store(struct edu *edu, __u64 bus, __u32 length);
void edu_raise(struct edu *edu);
void edu_acknowledge(struct edu *edu);
int edu_wait(struct edu *edu);
int edu_copy(struct edu *edu, __u64 from, __u64 to, __u32 length);

struct reach {
	struct edu edu;
	struct buf spare;
	__u64 bus;
};

int reach_open(const struct card *card, struct reach *reach);
void reach_close(struct reach *reach);
int reaches(struct reach *reach, __u64 bus, unsigned char *mem);

/* lib-irq.c: interrupts of a card */
const char *irq_attr(const struct card *card, unsigned int vector,
		     const char *attr);
const char *irq_node(const struct card *card, unsigned int vector);
int irq_open(const struct card *card, unsigned int vector, int flags);
int irq_read(int fd, struct pcibuf_irq_event *event);
int irq_revents(int fd, int milliseconds);
__u64 irq_handled(const char *name);

/* lib-watch.c: lost memory, signals, patterns, children */
struct snapshot {
	__u64 allocated;
	__u64 buffers;
	__u64 available;
	char nodes[4096];
};

__u64 mem_available(void);
__u64 mem_figure(const char *key);
__u64 mem_free(void);
__u64 mem_total(void);
void snapshot(const struct card *card, struct snapshot *snap);
bool memory_is_back(const struct snapshot *before);
void shrink_caches(void);
bool memory_is_out(const struct snapshot *before);
int snapshot_changes(const struct card *card, const struct snapshot *before);

void fill(void *mem, size_t length, __u64 offset, __u32 seed);
ssize_t mismatch(const void *mem, size_t length, __u64 offset,
		 __u32 seed);
ssize_t nonzero(const void *mem, size_t length);

int touch(void *mem);
ssize_t misplaced(const void *mem, size_t length, __u64 bus);
int mapping_figure(const void *addr, const char *key, __u64 *bytes);

/* lib-phys.c: physical addresses, the kernel log, the time */
ssize_t displaced(const void *mem, size_t length, __u64 phys);
__u64 frame_of(const void *addr);
int page_node(const void *addr);
__u64 free_in_blocks(unsigned int order);
__u64 longest_stretch(void);
__u64 bounced(void);
int lines_with(const char *words);
double seconds(void);
struct pcibuf_segment *segments_of(int fd, __u32 *count);

/* lib-monitor.c: the machine around the guest */
__printf(1, 2) void monitor(const char *fmt, ...);
bool wait_for(const char *path, bool there);
bool wait_for_lines(const char *words, int count);
bool card_plug(const struct card *card);
int card_bind_new(const struct card *card);

/* QEMU's e1000e. */
#define E1000E_VENDOR	0x8086
#define E1000E_DEVICE	0x10d3
/* QEMU's nvme has a function level reset, for which the kernel waits 0.1 s. */
#define NVME_VENDOR	0x1b36
#define NVME_DEVICE	0x10

pid_t reset_begin(const struct card *card);

/* lib-load.c: files that fill the memory */
#define LOAD_TMPFS	"/load"
#define LOAD_CACHE	"/cache"	/* of /dev/vda, which is ext4 */

/* A file. One page of each @stride pages is left; with @stride 0 all pages are there. */
struct pile {
	const char *path;
	__u64 size;
	unsigned int seed;
	unsigned int stride;
};

int load_mount(void);
int pile_make(const struct pile *pile);
int pile_comb(struct pile *pile, unsigned int stride);
ssize_t pile_mismatch(const struct pile *pile);
int load_comb(struct pile *pile, __u64 leave, unsigned int stride);

#define TAKEN		0xa5	/* the byte that fills the memory */

unsigned char *take_all_memory(size_t *size);
bool all_marks(const unsigned char *mem, size_t size);

int in_child(int (*fn)(void *arg), void *arg);
int as_user(uid_t uid, gid_t group, int (*fn)(void *arg), void *arg);

/* lib-map.c: mappings at chosen addresses */
struct place {
	unsigned char *room;	/* reserved addresses, */
	size_t room_size;
	unsigned char *mem;	/* and the mapping in them */
	size_t size;
};

int place_map(struct place *place, int fd, size_t size, size_t shift,
	      int flags);
void place_drop(struct place *place);
long faults(void);
void touch_all(void *mem, size_t size);
bool file_holds(int fd, size_t size, __u32 seed);

/* lib-disk.c: the disks of scripts/vm/vm --disk */
int disk_open(const char *serial, int flags);
ssize_t disk_write(int disk, const void *mem, size_t size, off_t offset);
ssize_t disk_read(int disk, void *mem, size_t size, off_t offset);
int disk_slow_down(const char *serial);
void disk_speed_up(const char *serial);
__u64 disk_waiting(const char *serial);

/* lib-net.c: connections that hold the pages they send */
int net_pair(int type, int ends[2]);
int net_completed(int socket, int calls);
int send_fd(int socket, int fd);
int receive_fd(int socket);

/* lib-state.c: the visible state of a card */
char *card_state(const struct card *card);

/* lib-fail.c: allocations that fail */
enum failing { FAIL_ONE, FAIL_PAGES, FAIL_SLABS };

int fail_open(void);
void fail_close(void);
void fail_begin(enum failing what, unsigned int n);
unsigned int fail_end(enum failing what);
unsigned int fail_passed(void);

/* lib-slow.c: time limits */
unsigned int slowness(void);
unsigned int __real_alarm(unsigned int seconds);
unsigned int __wrap_alarm(unsigned int seconds);

struct io_uring_sqe;
struct io_uring_params;

/* lib-uring.c: io_uring by its system calls, up to 16 requests */
struct uring {
	int fd;
	void *rings;
	size_t rings_size;
	struct io_uring_sqe *sqes;
	size_t sqes_size;
	struct io_uring_params *params;
};

int uring_open(struct uring *ring);
void uring_close(struct uring *ring);
int uring_submit(struct uring *ring, const struct io_uring_sqe *sqe);
int uring_wait(struct uring *ring);
int uring_do(struct uring *ring, const struct io_uring_sqe *sqe);
int uring_register(struct uring *ring, void *mem, size_t size);
int uring_unregister(struct uring *ring);

#endif /* PCIBUF_TESTS_LIB_H */
