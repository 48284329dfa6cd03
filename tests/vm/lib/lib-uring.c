// SPDX-License-Identifier: GPL-2.0-only
/* io_uring by its system calls, without a library; up to 16 requests at a time. */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib.h"

#define ENTRIES	16

static int map_rings(struct uring *ring)
{
	struct io_uring_params *params = ring->params;
	size_t submit, complete;

	submit = params->sq_off.array + params->sq_entries * sizeof(__u32);
	complete = params->cq_off.cqes +
		   params->cq_entries * sizeof(struct io_uring_cqe);
	ring->rings_size = submit > complete ? submit : complete;
	ring->sqes_size = params->sq_entries * sizeof(*ring->sqes);
	ring->rings = mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, ring->sqes_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->rings == MAP_FAILED || (void *)ring->sqes == MAP_FAILED ?
	       errno : 0;
}

/* Return 0 or an errno. The two rings share one mapping on every kernel since 5.4. */
int uring_open(struct uring *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->params = calloc(1, sizeof(*ring->params));
	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, ring->params);
	return ring->fd < 0 ? errno : map_rings(ring);
}

void uring_close(struct uring *ring)
{
	munmap(ring->sqes, ring->sqes_size);
	munmap(ring->rings, ring->rings_size);
	close(ring->fd);
	free(ring->params);
}

static __u32 *word(struct uring *ring, __u32 offset)
{
	return ring->rings + offset;
}

/* Return 0, or the errno of the call. The result of the request comes later. */
int uring_submit(struct uring *ring, const struct io_uring_sqe *sqe)
{
	struct io_sqring_offsets *off = &ring->params->sq_off;
	__u32 tail = *word(ring, off->tail);
	__u32 slot = tail & *word(ring, off->ring_mask);

	ring->sqes[slot] = *sqe;
	word(ring, off->array)[slot] = slot;
	__atomic_store_n(word(ring, off->tail), tail + 1, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0) == 1 ?
	       0 : errno;
}

/* Return the result of the next completed request: a count, or a negative errno. */
int uring_wait(struct uring *ring)
{
	struct io_cqring_offsets *off = &ring->params->cq_off;
	struct io_uring_cqe *cqes = ring->rings + off->cqes;
	__u32 head = *word(ring, off->head);
	int result;

	while (head == __atomic_load_n(word(ring, off->tail), __ATOMIC_ACQUIRE))
		if (syscall(SYS_io_uring_enter, ring->fd, 0, 1,
			    IORING_ENTER_GETEVENTS, NULL, 0) < 0 &&
		    errno != EINTR)
			return -errno;
	result = cqes[head & *word(ring, off->ring_mask)].res;
	__atomic_store_n(word(ring, off->head), head + 1, __ATOMIC_RELEASE);
	return result;
}

int uring_do(struct uring *ring, const struct io_uring_sqe *sqe)
{
	int err = uring_submit(ring, sqe);

	return err ? -err : uring_wait(ring);
}

/* Register one fixed buffer, number 0. Return 0 or an errno. */
int uring_register(struct uring *ring, void *mem, size_t size)
{
	struct iovec vec = { mem, size };

	return syscall(SYS_io_uring_register, ring->fd,
		       IORING_REGISTER_BUFFERS, &vec, 1) ? errno : 0;
}

int uring_unregister(struct uring *ring)
{
	return syscall(SYS_io_uring_register, ring->fd,
		       IORING_UNREGISTER_BUFFERS, NULL, 0) ? errno : 0;
}
