// SPDX-License-Identifier: GPL-2.0-only
/* The states in which a buffer can be in use when an event happens to its card. */
#include <errno.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib-scene.h"

#define PINNED_AT	(MIB + PAGE)	/* in both huge pages */
#define PINNED_SIZE	(2 * MIB)

static int begin_idle(struct scene *scene)
{
	scene->own.fd = -1;
	return 0;
}

/* No process has the buffer open, so open it now. */
static int check_idle(struct scene *scene, enum outcome outcome)
{
	struct hold later;
	int wrong, err;

	if (outcome != KEPT)
		return 0;
	err = hold_open(&later, scene->card, O_RDWR);
	wrong = differs("errno of open", 0, err);
	return err ? wrong : wrong + hold_check(&later, outcome) +
			     hold_drop(&later);
}

static int begin_open(struct scene *scene)
{
	return hold_open(&scene->own, scene->card, O_RDWR);
}

static int begin_mapped(struct scene *scene)
{
	int err = hold_open(&scene->own, scene->card, O_RDWR);

	return err ? err : hold_map(&scene->own);
}

static int check_inherited(struct scene *scene, enum outcome outcome)
{
	return hold_check(&scene->own, outcome);
}

static const struct job heir = { .check = check_inherited };

/* A child has helpers of its own, not those of its parent. */
static int start_next(struct scene *scene)
{
	scene->nr_helpers = 0;
	return helper_start(scene, &heir);
}

static const struct job child = {
	.start = start_next,
	.check = scene_look,
};

static int begin_forked(struct scene *scene)
{
	int err = begin_mapped(scene);

	return err ? err : helper_start(scene, &child);
}

static int start_receiver(struct scene *scene)
{
	hold_drop(&scene->own);
	scene->own.fd = receive_fd(scene->ends[1]);
	return scene->own.fd < 0 ? EBADF : hold_map(&scene->own);
}

static const struct job receiver = {
	.start = start_receiver,
	.check = check_inherited,
};

/* Only the receiver has the buffer now. A second descriptor is still in the socket. */
static int begin_passed(struct scene *scene)
{
	int err = begin_mapped(scene);

	if (!err && socketpair(AF_UNIX, SOCK_STREAM, 0, scene->ends))
		err = errno;
	if (!err)
		err = send_fd(scene->ends[0], scene->own.fd) ?:
		      send_fd(scene->ends[0], scene->own.fd);
	if (!err)
		err = helper_start(scene, &receiver);
	hold_drop(&scene->own);
	return err;
}

static int close_ends(struct scene *scene)
{
	close(scene->ends[0]);
	close(scene->ends[1]);
	return scene_drop(scene);
}

static int begin_closed(struct scene *scene)
{
	int err = begin_mapped(scene);

	close(scene->own.fd);
	scene->own.fd = -1;
	return err ? err : helper_start(scene, &heir);
}

/* Take a page of each huge page: a pipe takes references, not copies. */
static int begin_piped(struct scene *scene)
{
	struct iovec parts[2];
	int err = begin_mapped(scene);

	if (err || pipe(scene->pipe))
		return err ? err : errno;
	parts[0] = (struct iovec){ scene->own.large.mem + PAGE, PAGE };
	parts[1] = (struct iovec){ scene->own.large.mem + 3 * MIB, PAGE };
	return vmsplice(scene->pipe[1], parts, 2, 0) == 2 * (ssize_t)PAGE ?
	       0 : errno;
}

static int end_piped(struct scene *scene)
{
	unsigned char pages[2 * PAGE];
	int wrong;

	wrong = differs("bytes in the pipe", sizeof(pages),
			read(scene->pipe[0], pages, sizeof(pages)));
	wrong += differs("first page", -1,
			 stamp_mismatch(pages, PAGE, PAGE));
	wrong += differs("second page", -1,
			 stamp_mismatch(pages + PAGE, PAGE, 3 * MIB));
	close(scene->pipe[0]);
	close(scene->pipe[1]);
	return wrong + scene_drop(scene);
}

/* Send without a copy, and send more than the receiver has room for. */
static int begin_uring(struct scene *scene)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_SEND_ZC,
		.len = PINNED_SIZE,
	};
	int sent, err = begin_mapped(scene);

	if (!err)
		err = net_pair(SOCK_STREAM, scene->ends);
	if (!err)
		err = uring_open(&scene->ring);
	if (err)
		return err;
	sqe.fd = scene->ends[1];
	sqe.addr = (unsigned long)scene->own.large.mem + PINNED_AT;
	sent = uring_do(&scene->ring, &sqe);
	return sent == (int)PINNED_SIZE ? 0 : sent < 0 ? -sent : EIO;
}

static int end_uring(struct scene *scene)
{
	unsigned char page[PAGE];
	int wrong = 0;
	size_t at;

	for (at = PINNED_AT; at < PINNED_AT + PINNED_SIZE; at += PAGE) {
		if (recv(scene->ends[0], page, PAGE, MSG_WAITALL) !=
		    (ssize_t)PAGE)
			return differs("all that was sent", 1, 0);
		wrong += stamp_mismatch(page, PAGE, at) != -1;
	}
	uring_close(&scene->ring);
	return differs("wrong pages received", 0, wrong) + close_ends(scene);
}

/*
 * Behind an IOMMU, coherent memory consists of pages. Elsewhere it has no usable pages.
 */
static const char *no_pages(void)
{
	return coherent_forced() && !iommu_translates() ?
	       "a mapping of PFNs has no pages to hold or to fault" : NULL;
}

static int fault(struct scene *scene, unsigned int nth)
{
	size_t at = (nth * 7 * PAGE) % SCENE_SIZE;

	if (nth % 64 == 0) {
		madvise(scene->own.large.mem, SCENE_SIZE, MADV_DONTNEED);
		madvise(scene->own.small.mem, SCENE_SIZE, MADV_DONTNEED);
	}
	return touch(scene->own.large.mem + at) ?:
	       touch(scene->own.small.mem + at);
}

static const struct job faulter = {
	.step = fault, .check = check_inherited,
	.ended_by = REVOKED, .error = SIGBUS,
};

static int begin_faulting(struct scene *scene)
{
	int err = begin_mapped(scene);

	if (!err)
		err = helper_start(scene, &faulter);
	return err ? err : helper_start(scene, &faulter);
}

/* Read, and write the same data back. */
static int read_write(struct scene *scene, unsigned int nth)
{
	static unsigned char bytes[64 * KIB];
	off_t at = nth % (SCENE_SIZE / sizeof(bytes)) * sizeof(bytes);

	if (pread(scene->own.fd, bytes, sizeof(bytes), at) < 0 ||
	    pwrite(scene->own.fd, bytes, sizeof(bytes), at) < 0)
		return errno;
	return 0;
}

static const struct job reader = {
	.step = read_write, .check = check_inherited,
	.ended_by = REVOKED, .error = ENODEV,
};

static int begin_reading(struct scene *scene)
{
	int err = begin_mapped(scene);

	if (!err)
		err = helper_start(scene, &reader);
	return err ? err : helper_start(scene, &reader);
}

const struct state *const states[] = {
	&(const struct state){
		.name = "idle", .begin = begin_idle, .check = check_idle,
		.end = scene_drop,
	},
	&(const struct state){
		.name = "open", .held = true, .begin = begin_open,
		.check = scene_look, .end = scene_drop,
	},
	&(const struct state){
		.name = "mapped", .held = true, .begin = begin_mapped,
		.check = scene_look, .end = scene_drop,
	},
	&(const struct state){
		.name = "forked", .held = true, .begin = begin_forked,
		.check = scene_look, .end = scene_drop,
	},
	&(const struct state){
		.name = "passed", .held = true, .begin = begin_passed,
		.check = scene_look, .end = close_ends,
	},
	&(const struct state){
		.name = "closed", .held = true, .begin = begin_closed,
		.check = scene_look, .end = scene_drop,
	},
	&(const struct state){
		.name = "piped", .held = true, .pinned = true,
		.cannot = no_pages, .begin = begin_piped, .check = scene_look,
		.end = end_piped,
	},
	&(const struct state){
		.name = "uring", .held = true, .pinned = true,
		.cannot = no_pages, .begin = begin_uring, .check = scene_look,
		.end = end_uring,
	},
	&(const struct state){
		.name = "faulting", .held = true, .cannot = no_pages,
		.begin = begin_faulting, .check = scene_look, .end = scene_drop,
	},
	&(const struct state){
		.name = "reading", .held = true, .begin = begin_reading,
		.check = scene_look, .end = scene_drop,
	},
	&state_dma, &state_allocating, &state_freeing,
	NULL
};

const struct state *state_find(const char *name)
{
	unsigned int i;

	for (i = 0; states[i]; i++)
		if (!strcmp(states[i]->name, name))
			return states[i];
	return NULL;
}
