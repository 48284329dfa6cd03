// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three more states: the card writes, processes allocate buffers, processes free
 * buffers.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib-scene.h"

#define DMA_AT		128	/* in each page: behind its stamp */
#define DMA_LENGTH	64
#define AGAIN_AT	(2 * KIB)	/* where no earlier write of the card is */
#define FREED		32	/* buffers that are freed in a row */

/* This process is a user-space driver: it uses a buffer and the card's registers. */
static struct edu edu;
static __u64 bus;
static sigjmp_buf bar_is_gone;

static void on_bus_error(int sig)
{
	siglongjmp(bar_is_gone, sig);
}

static int start_dma(struct scene *scene)
{
	struct sigaction action = { .sa_handler = on_bus_error };
	struct pcibuf_segment first;
	__u32 one = 1;
	int err = buf_segments(scene->own.fd, &first, 0, &one);

	bus = first.dma_addr;
	if (!err)
		err = edu_open(scene->card, &edu);
	if (!err)
		err = edu_fetch(&edu, bus + DMA_AT, DMA_LENGTH);
	sigaction(SIGBUS, &action, NULL);
	return err;
}

/*
 * Continue to write after any event, like a card that no driver stops. The registers stay
 * mapped although the card is gone: end before another card is in its place. QEMU aborts if
 * that card starts without addresses, because it came while this process wrote them.
 */
static int write_by_card(struct scene *scene, unsigned int nth)
{
	__u64 page = nth % (HUGE_PAGE / PAGE) * PAGE;

	(void)scene;
	if (sigsetjmp(bar_is_gone, 1) ||
	    edu_store(&edu, bus + page + DMA_AT, DMA_LENGTH))
		usleep(1000);
	return 0;
}

/* Nothing to check here: check_dma() checks what the card wrote. */
static int check_nothing(struct scene *scene, enum outcome outcome)
{
	(void)scene;
	(void)outcome;
	return 0;
}

static const struct job dma_job = {
	.start = start_dma, .step = write_by_card, .check = check_nothing,
	.ended_by = CARD_GONE + 1,
};

static int begin_dma(struct scene *scene)
{
	int err = hold_open(&scene->own, scene->card, O_RDWR);

	if (!err)
		err = hold_map(&scene->own);
	return err ? err : helper_start(scene, &dma_job);
}

/* While a transfer lasts, no page that this process can allocate changes. */
static int check_nothing_written(void)
{
	unsigned char *mem;
	size_t size;
	bool same;

	mem = take_all_memory(&size);
	if (mem == MAP_FAILED)
		return differs("memory to watch", 1, 0);
	usleep(250000);
	same = all_marks(mem, size);
	munmap(mem, size);
	return differs("memory that nobody wrote to", 1, same);
}

/* Do another transfer. It works as it did before the event. */
static int check_reaches(struct scene *scene)
{
	struct reach reach;
	int err, wrong;

	err = reach_open(scene->card, &reach);
	if (err)
		return differs("errno of opening the card", 0, err);
	wrong = differs("reach of the card", 0,
			reaches(&reach, bus + AGAIN_AT,
				scene->own.large.mem + AGAIN_AT));
	reach_close(&reach);
	return wrong + differs("errno of free", 0,
			       card_write(scene->card, "free", "spare"));
}

static int check_dma(struct scene *scene, enum outcome outcome)
{
	struct pcibuf_segment first;
	__u32 one = 1;
	int wrong = hold_check(&scene->own, outcome);

	if (outcome != KEPT)
		wrong += check_nothing_written();
	wrong += helpers_end(scene);
	if (outcome != KEPT)
		return wrong;
	wrong += differs("errno of segments", 0,
			 buf_segments(scene->own.fd, &first, 0, &one));
	bus = first.dma_addr;
	return wrong + check_reaches(scene);
}

const struct state state_dma = {
	.name = "dma", .held = true, .begin = begin_dma, .check = check_dma,
	.end = scene_drop,
};

/* Return ENODEV if the card's directory is gone, instead of ENOENT. */
static int card_error(const struct card *card, int err)
{
	if (err == ENOENT && access(card_attr(card, ""), F_OK))
		return ENODEV;
	return err;
}

static int begin_without(struct scene *scene, const struct job *job)
{
	int err;

	scene->own.fd = -1;
	err = helper_start(scene, job);
	return err ? err : helper_start(scene, job);
}

/* An event may revoke the buffer between alloc and free. */
static int allocate(struct scene *scene, unsigned int nth)
{
	const struct card *card = scene->card;
	int err;

	err = card_write(card, nth % 2 ? "alloc" : "alloc_sg", "4M a%d",
			 getpid());
	err = card_error(card, err);
	if (!err)
		err = card_error(card, card_write(card, "free", "a%d",
						  getpid()));
	return err == ENOENT ? 0 : err;
}

static const struct job allocator = {
	.step = allocate, .check = check_nothing,
	.ended_by = CARD_GONE, .error = ENODEV,
};

static int begin_allocating(struct scene *scene)
{
	return begin_without(scene, &allocator);
}

const struct state state_allocating = {
	.name = "allocating", .busy = true, .begin = begin_allocating,
	.check = scene_look, .end = scene_drop,
};

static int make_many(struct scene *scene)
{
	int i, err = 0;

	for (i = 0; !err && i < FREED; i++)
		err = card_write(scene->card, "alloc_sg", "128K f%d-%d",
				 getpid(), i);
	return err;
}

static int free_one(struct scene *scene, unsigned int nth)
{
	const struct card *card = scene->card;
	int err;

	err = card_write(card, "free", "f%d-%u", getpid(), nth % FREED);
	err = card_error(card, err);
	if (!err && nth % FREED == FREED - 1)
		err = card_error(card, make_many(scene));
	return err == ENOENT || err == EEXIST ? 0 : err;
}

static const struct job freer = {
	.start = make_many, .step = free_one, .check = check_nothing,
	.ended_by = CARD_GONE, .error = ENODEV,
};

static int begin_freeing(struct scene *scene)
{
	return begin_without(scene, &freer);
}

const struct state state_freeing = {
	.name = "freeing", .busy = true, .begin = begin_freeing,
	.check = scene_look, .end = scene_drop,
};
