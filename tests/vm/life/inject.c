// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail while a buffer is allocated, freed or revoked, and while the
 * card's files are written and read.
 */
#include "lib-inject.h"

#define BLOCK		"1"
#define NEIGHBOURS	"2"
#define CLAIM		"4"

#define BROKEN		(MIB + 3 * PAGE)	/* less than a huge page */
#define CLAIMED		(4 * MIB + 3 * PAGE)

static int before_alloc(struct rig *rig)
{
	int err = rig->op->parked ? park(rig) : 0;

	return err ? err : ready(rig, card_attr(&rig->card, rig->op->attr), O_WRONLY,
				 pathf("%zu %s", rig->op->size, rig->op->text));
}

/* The buffer has its whole size and is zero. */
static int after_alloc(struct rig *rig)
{
	const char *name = *rig->op->text ? rig->op->text : "0";
	int err = buf_get(&rig->card, name, rig->op->size, &rig->rx);

	close(rig->file);
	if (err)
		return err;
	if (nonzero(rig->rx.mem, rig->op->size) != -1)
		err = EBADMSG;
	memset(rig->rx.mem, 0xa5, rig->op->size);
	buf_put(&rig->rx);
	if (!err)
		err = card_write(&rig->card, "free", name);
	return !err && rig->op->parked ? unpark(rig) : err;
}

/*
 * All allocations register a buffer in the same way once it has memory. Only the first
 * test goes through those points, about 100.
 */
#define MEMORY_POINTS	60

#define ALLOC	.before = before_alloc, .run = run_store, .after = after_alloc

/* Without a label the buffer has an index, which a failed request must release. */
static const struct op alloc_page = {
	.name = "alloc of a page", .attr = "alloc", .text = "", .size = PAGE,
	ALLOC
};

TEST_F_TIMEOUT(inject, alloc_page, 120)
{
	ASSERT_EQ(0, attr_write(STEPS, BLOCK));
	sweep(_metadata, &self->rig, &alloc_page);
}

static const struct op alloc_broken = {
	.name = "alloc of 1 MiB and 3 pages", .attr = "alloc", .text = "rx",
	.size = BROKEN,
	.last = MEMORY_POINTS, ALLOC
};

TEST_F_TIMEOUT(inject, alloc_broken, 120)
{
	ASSERT_EQ(0, attr_write(STEPS, BLOCK));
	sweep(_metadata, &self->rig, &alloc_broken);
}

static const struct op alloc_neighbours = {
	.name = "alloc of 3 MiB and 3 pages, neighbours", .attr = "alloc",
	.text = "rx", .size = ODD,
	.last = MEMORY_POINTS, ALLOC
};

TEST_F_TIMEOUT(inject, alloc_neighbours, 120)
{
	ASSERT_EQ(0, attr_write(STEPS, NEIGHBOURS));
	sweep(_metadata, &self->rig, &alloc_neighbours);
}

static const struct op alloc_odd = {
	.name = "alloc of 3 MiB and 3 pages, any way", .attr = "alloc",
	.text = "rx", .size = ODD,
	.last = MEMORY_POINTS, ALLOC
};

TEST_F_TIMEOUT(inject, alloc_odd, 120)
{
	sweep(_metadata, &self->rig, &alloc_odd);
}

static const struct op alloc_sg = {
	.name = "alloc_sg of 3 MiB and 3 pages", .attr = "alloc_sg", .text = "rx",
	.size = ODD,
	.last = MEMORY_POINTS, ALLOC
};

TEST_F_TIMEOUT(inject, alloc_sg, 120)
{
	sweep(_metadata, &self->rig, &alloc_sg);
}

static const struct op alloc_claimed = {
	.name = "alloc of 4 MiB and 3 pages, claimed", .attr = "alloc",
	.text = "rx", .size = CLAIMED,
	.last = MEMORY_POINTS, ALLOC
};

TEST_F_TIMEOUT(inject, alloc_claimed, 120)
{
	ASSERT_EQ(0, attr_write(STEPS, CLAIM));
	sweep(_metadata, &self->rig, &alloc_claimed);
}

static const struct op alloc_parked = {
	.name = "alloc of what is parked", .attr = "alloc", .text = "rx",
	.size = ODD, .parked = true,
	.last = MEMORY_POINTS, ALLOC
};

TEST_F_TIMEOUT(inject, alloc_parked, 120)
{
	sweep(_metadata, &self->rig, &alloc_parked);
}

static const struct op alloc_sg_parked = {
	.name = "alloc_sg of what is parked", .attr = "alloc_sg", .text = "rx",
	.size = ODD, .parked = true,
	.last = MEMORY_POINTS, ALLOC
};

TEST_F_TIMEOUT(inject, alloc_sg_parked, 120)
{
	sweep(_metadata, &self->rig, &alloc_sg_parked);
}

static int before_free(struct rig *rig)
{
	int err = card_write(&rig->card, "alloc_sg", "%zu rx", rig->op->size);

	if (!err)
		err = park(rig);
	return err ? err : ready(rig, card_attr(&rig->card, rig->op->attr),
				 O_WRONLY, "rx");
}

static int after_free(struct rig *rig)
{
	close(rig->file);
	if (!access(buf_attr(&rig->card, "rx", ""), F_OK))
		return EEXIST;
	return unpark(rig);
}

static const struct op free_op = {
	.name = "free", .attr = "free", .size = ODD,
	.before = before_free, .run = run_store, .after = after_free
};

TEST_F_TIMEOUT(inject, free, 120)
{
	sweep(_metadata, &self->rig, &free_op);
}

static int before_revoke(struct rig *rig)
{
	int err = buf_make(&rig->card, "alloc", rig->op->size, "rx", &rig->rx);

	if (err)
		return err;
	memset(rig->rx.mem, 0xa5, rig->op->size);
	return ready(rig, card_attr(&rig->card, rig->op->attr), O_WRONLY, "rx");
}

static int after_revoke(struct rig *rig)
{
	int sig = touch(rig->rx.mem);

	close(rig->file);
	buf_put(&rig->rx);
	return sig == SIGBUS ? 0 : EEXIST;
}

static const struct op revoke_op = {
	.name = "revoke", .attr = "revoke", .size = ODD,
	.before = before_revoke, .run = run_store, .after = after_revoke
};

TEST_F_TIMEOUT(inject, revoke, 120)
{
	sweep(_metadata, &self->rig, &revoke_op);
}

/* Write @rig->op->text to an attribute, and then the old value. */
static int before_set(struct rig *rig)
{
	const char *path = card_attr(&rig->card, rig->op->attr);
	int err = attr_read(path, rig->text + 32, 32);

	if (err)
		return err;
	rig->file = open(path, O_WRONLY | O_CLOEXEC);
	strcpy(rig->text, rig->op->text);
	return rig->file < 0 ? errno : 0;
}

/*
 * Use a newly bound card, whose files have no owner yet: the first write allocates the
 * structure for the owner.
 */
static int before_gid(struct rig *rig)
{
	int err = card_unbind(&rig->card);

	if (!err)
		err = card_bind(&rig->card);
	return err ? err : before_set(rig);
}

static int after_set(struct rig *rig)
{
	char now[32];
	int err = attr_read(card_attr(&rig->card, rig->op->attr), now, sizeof(now));

	close(rig->file);
	if (!err && strcmp(now, rig->op->text))
		err = EBADMSG;
	return err ? err : card_write(&rig->card, rig->op->attr, "%s",
				      rig->text + 32);
}

#define SET	.before = before_set, .run = run_store, .after = after_set

static const struct op sets[] = {
	{ .name = "gid", .attr = "gid", .text = "900", .before = before_gid,
	  .run = run_store, .after = after_set },
	{ .name = "dma_mask_bits", .attr = "dma_mask_bits", .text = "30", SET },
	{ .name = "max_bytes", .attr = "max_bytes", .text = "4096", SET },
};

TEST_F_TIMEOUT(inject, settings, 120)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sets); i++)
		sweep(_metadata, &self->rig, &sets[i]);
}

/* Read every file while a buffer exists. */
static int before_read_attr(struct rig *rig)
{
	return ready(rig, rig->op->attr, O_RDONLY, "");
}

static int run_read_attr(struct rig *rig)
{
	ssize_t got = pread(rig->file, rig->scratch, PAGE, 0);

	return got < 0 ? errno : got ? 0 : ENODATA;
}

static int after_read_attr(struct rig *rig)
{
	close(rig->file);
	return 0;
}

static void sweep_attr(struct __test_metadata *_metadata, struct rig *rig,
		       const char *name, const char *path)
{
	char kept[256];		/* @path is in the ring of pathf() */
	struct op op = {
		.name = name, .attr = kept, .before = before_read_attr,
		.run = run_read_attr, .after = after_read_attr
	};

	snprintf(kept, sizeof(kept), "%s", path);
	rig->op = &op;
	sweep_one_way(_metadata, rig, FAIL_ONE, "one allocation fails");
}

TEST_F_TIMEOUT(inject, attributes, 120)
{
	static const char * const of_card[] = {
		"dma_mask_bits", "max_bytes", "allocated_bytes", "nr_buffers",
		"gid", "last_error",
	};
	static const char * const of_buffer[] = {
		"size", "label", "index", "dma_addr", "nr_segments",
		"segments", "backing", "numa_node", "open_count",
	};
	struct rig *rig = &self->rig;
	unsigned int i;

	ASSERT_EQ(0, card_write(&rig->card, "alloc", "4K rx"));
	for (i = 0; i < ARRAY_SIZE(of_card); i++)
		sweep_attr(_metadata, rig, of_card[i],
			   card_attr(&rig->card, of_card[i]));
	for (i = 0; i < ARRAY_SIZE(of_buffer); i++)
		sweep_attr(_metadata, rig, of_buffer[i],
			   buf_attr(&rig->card, "rx", of_buffer[i]));
}

TEST_HARNESS_MAIN
