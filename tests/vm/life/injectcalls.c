// SPDX-License-Identifier: GPL-2.0-only
/* Allocations that fail in calls on /dev/pcibufN, and in faults of its mappings. */
#include "lib-inject.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Calls on the node. The buffer exists before and after. */
static int before_open(struct rig *rig)
{
	int err = card_write(&rig->card, "alloc", "%zu rx", rig->op->size);

	snprintf(rig->text, sizeof(rig->text), "%s", buf_node(&rig->card, "rx"));
	return err;
}

static int run_open(struct rig *rig)
{
	rig->file = open(rig->text, O_RDWR | O_CLOEXEC);
	return rig->file < 0 ? errno : 0;
}

static int after_open(struct rig *rig)
{
	close(rig->file);
	return card_write(&rig->card, "free", "rx");
}

static const struct op open_op = {
	.name = "open", .size = PAGE,
	.before = before_open, .run = run_open, .after = after_open
};

TEST_F_TIMEOUT(inject, open, 120)
{
	sweep(_metadata, &self->rig, &open_op);
}

static int before_map(struct rig *rig)
{
	int err = before_open(rig);

	return err ? err : run_open(rig);
}

static int run_map(struct rig *rig)
{
	rig->rx.mem = buf_map(rig->file, rig->op->size - rig->op->shift, rig->op->shift);
	return rig->rx.mem == MAP_FAILED ? errno : 0;
}

static int after_map(struct rig *rig)
{
	ssize_t at = nonzero(rig->rx.mem, rig->op->size - rig->op->shift);

	munmap(rig->rx.mem, rig->op->size - rig->op->shift);
	return at == -1 ? after_open(rig) : EBADMSG;
}

static const struct op maps[] = {
	{ .name = "mmap", .size = ODD, .before = before_map, .run = run_map,
	  .after = after_map },
	{ .name = "mmap that large pages do not fit", .size = ODD, .shift = PAGE,
	  .before = before_map, .run = run_map, .after = after_map },
};

TEST_F_TIMEOUT(inject, mmap, 120)
{
	sweep(_metadata, &self->rig, &maps[0]);
	sweep(_metadata, &self->rig, &maps[1]);
}

static int before_fault(struct rig *rig)
{
	int err = before_map(rig);

	return err ? err : run_map(rig);
}

/* Take all faults at once. Return the errno of the failing one. */
static int run_populate(struct rig *rig)
{
	return madvise(rig->rx.mem, rig->op->size - rig->op->shift,
		       MADV_POPULATE_WRITE) ? errno : 0;
}

/* The kernel repeats a fault until the page is there. */
static int run_touch(struct rig *rig)
{
	return touch(rig->rx.mem) ? EFAULT : 0;
}

static const struct op page_faults[] = {
	{ .name = "faults of large pages", .size = ODD, .before = before_fault,
	  .run = run_populate, .after = after_map, .spare = true },
	{ .name = "faults of windows", .size = ODD, .shift = PAGE,
	  .before = before_fault, .run = run_populate, .after = after_map,
	  .spare = true },
	{ .name = "a touch of a large page", .size = ODD, .before = before_fault,
	  .run = run_touch, .after = after_map, .spare = true },
};

TEST_F_TIMEOUT(inject, faults, 120)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(page_faults); i++)
		sweep(_metadata, &self->rig, &page_faults[i]);
}

/* A call may copy a part before memory runs out. The rest is then requested again. */
static int result(ssize_t done, ssize_t want)
{
	return done < 0 ? errno : done == want ? 0 : ENOMEM;
}

static int run_read(struct rig *rig)
{
	return result(pread(rig->file, rig->scratch, ODD, 0), ODD);
}

static int run_write(struct rig *rig)
{
	memset(rig->scratch, 0, ODD);
	return result(pwrite(rig->file, rig->scratch, ODD, 0), ODD);
}

static int run_info(struct rig *rig)
{
	struct pcibuf_info info;

	return buf_info(rig->file, &info);
}

static int run_segments(struct rig *rig)
{
	__u32 count = 16;

	return buf_segments(rig->file, (void *)rig->scratch, 0, &count);
}

/* Move data through a pipe, and read all of it. */
static int run_splice_out(struct rig *rig)
{
	loff_t pos = 0;
	ssize_t moved = splice(rig->file, &pos, rig->pipe[1], NULL, 8 * PAGE, 0);
	int err = result(moved, 8 * PAGE);

	while (moved > 0)
		moved -= read(rig->pipe[0], rig->scratch, moved);
	/* Linux 6.1 returns EAGAIN if a pipe gets no page. */
	return err == EAGAIN ? ENOMEM : err;
}

static int run_splice_in(struct rig *rig)
{
	loff_t pos = 0;
	ssize_t moved, put = write(rig->pipe[1], rig->scratch, 8 * PAGE);
	int err;

	if (put < 0)
		return errno;
	moved = splice(rig->pipe[0], NULL, rig->file, &pos, put, 0);
	err = result(moved, 8 * PAGE);
	if (moved > 0)
		put -= moved;
	while (put > 0)
		put -= read(rig->pipe[0], rig->scratch, put);
	return err;
}

#define CALL	.size = ODD, .before = before_map, .after = after_open

static const struct op calls[] = {
	{ .name = "read", .run = run_read, CALL, .spare = true },
	{ .name = "write", .run = run_write, CALL, .spare = true },
	{ .name = "splice to a pipe", .run = run_splice_out, CALL },
	{ .name = "splice from a pipe", .run = run_splice_in, CALL },
	{ .name = "PCIBUF_IOC_INFO", .run = run_info, CALL, .spare = true },
	{ .name = "PCIBUF_IOC_SEGMENTS", .run = run_segments, CALL, .spare = true },
};

TEST_F_TIMEOUT(inject, calls, 120)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		sweep(_metadata, &self->rig, &calls[i]);
}

TEST_HARNESS_MAIN
