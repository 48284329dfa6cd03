// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pipe holds one page of each 2 MiB of buffers that are freed. The memory stays counted
 * until the pipe is closed, also after the card and the module are gone. Not the test
 * build, which would wait for the pages, and log a warning.
 */
#include <kselftest_harness.h>

#include <sys/syscall.h>
#include <sys/uio.h>

#include "lib.h"

#define SIZE	(8 * MIB)
#define PAGES	(SIZE / HUGE_PAGE)	/* of each buffer, in the pipe */
#define ROUNDS	4
#define WAIT_S	5.0

FIXTURE(linger) {
	struct card card;
	int pipe[2];
};

FIXTURE_SETUP(linger)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
	ASSERT_EQ(0, attr_write(MAX_TOTAL, "96M"));
	ASSERT_EQ(0, pipe(self->pipe));
	ASSERT_LT(0, fcntl(self->pipe[1], F_SETPIPE_SZ,
			   2 * ROUNDS * PAGES * PAGE));
}

static __u64 allocated(const struct card *card)
{
	return attr_u64(card_attr(card, "allocated_bytes"));
}

/* Return whether the card takes no more than @bytes in a moment. */
static bool falls_to(const struct card *card, __u64 bytes)
{
	double end = seconds() + WAIT_S;

	while (allocated(card) > bytes) {
		if (seconds() > end)
			return false;
		usleep(50000);
	}
	return true;
}

FIXTURE_TEARDOWN(linger)
{
	close(self->pipe[0]);
	close(self->pipe[1]);
	EXPECT_TRUE(falls_to(&self->card, 0));
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Put a page of each huge page of a new buffer into the pipe, and free the buffer. */
static int leave_some(const struct card *card, int pipe)
{
	struct iovec parts[PAGES];
	struct buf buf;
	size_t i;
	int err;

	err = buf_make(card, "alloc_sg", SIZE, "rx", &buf);
	if (err)
		return err;
	for (i = 0; i < PAGES; i++) {
		buf.mem[i * HUGE_PAGE] = i;
		parts[i] = (struct iovec){ buf.mem + i * HUGE_PAGE, PAGE };
	}
	if (vmsplice(pipe, parts, PAGES, 0) != PAGES * PAGE)
		err = EIO;
	buf_put(&buf);
	return err ?: card_write(card, "free", "rx");
}

static void leave_all(struct __test_metadata *_metadata,
		      struct _test_data_linger *self)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		ASSERT_EQ(0, leave_some(&self->card, self->pipe[1]));
}

static void check_words(struct __test_metadata *_metadata,
			const struct card *card, const char *words)
{
	char text[1024] = "";

	ASSERT_EQ(0, attr_read(card_attr(card, "last_error"), text,
			       sizeof(text)));
	EXPECT_NE(NULL, strstr(text, words)) {
		TH_LOG("%s", text);
	}
}

static const char *held_words(void)
{
	return pathf("; %lu bytes of freed buffers are still held",
		     ROUNDS * SIZE);
}

/* The pipe is emptied: the quota is free at once, for whoever allocates. */
TEST_F_TIMEOUT(linger, counts, 60)
{
	ASSERT_EQ(0, card_write(&self->card, "max_bytes", "%lu",
				ROUNDS * SIZE));
	leave_all(_metadata, self);
	EXPECT_EQ(ROUNDS * SIZE, allocated(&self->card));
	EXPECT_EQ(EDQUOT, leave_some(&self->card, self->pipe[1]));
	check_words(_metadata, &self->card, held_words());
	sleep(3);
	EXPECT_EQ(ROUNDS * SIZE, allocated(&self->card));
	close(self->pipe[0]);
	close(self->pipe[1]);
	EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "%lu rx",
				ROUNDS * SIZE));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
}

/* Only what is held is counted, and it comes back without another request. */
TEST_F_TIMEOUT(linger, comes_back, 60)
{
	char page[PAGE];

	ASSERT_EQ(0, leave_some(&self->card, self->pipe[1]));
	EXPECT_EQ(SIZE, allocated(&self->card));
	ASSERT_EQ(PAGE, read(self->pipe[0], page, PAGE));
	EXPECT_TRUE(falls_to(&self->card, SIZE - HUGE_PAGE));
	sleep(2);
	EXPECT_EQ(SIZE - HUGE_PAGE, allocated(&self->card));
	ASSERT_EQ(PAGE, read(self->pipe[0], page, PAGE));
	EXPECT_EQ(1, page[0]);
}

/* What was parked before lingers after the last buffer has gone. */
TEST_F_TIMEOUT(linger, after_parking, 60)
{
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K ctl"));
	leave_all(_metadata, self);
	EXPECT_LT(ROUNDS * SIZE, allocated(&self->card));
	ASSERT_EQ(0, card_write(&self->card, "free", "ctl"));
	EXPECT_EQ(ROUNDS * SIZE, allocated(&self->card));
}

/* Without its card, the memory counts for all cards together. */
TEST_F_TIMEOUT(linger, without_the_card, 60)
{
	ASSERT_EQ(0, attr_write(MAX_TOTAL, pathf("%lu", ROUNDS * SIZE)));
	leave_all(_metadata, self);
	ASSERT_EQ(0, card_unbind(&self->card));
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(0, allocated(&self->card));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg", "%lu rx", SIZE));
	check_words(_metadata, &self->card, held_words());
	close(self->pipe[0]);
	close(self->pipe[1]);
	sleep(3);
	EXPECT_EQ(0, card_write(&self->card, "alloc_sg", "%lu rx",
				ROUNDS * SIZE));
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
}

/* The module goes, and does not wait. The pipe keeps what it holds. */
TEST_F_TIMEOUT(linger, without_the_module, 60)
{
	const char *args = getenv("PCIBUF_MODARGS");
	char page[PAGE];
	size_t i;

	leave_all(_metadata, self);
	EXPECT_EQ(0, syscall(SYS_delete_module, "pcibuf", O_NONBLOCK));
	for (i = 0; i < ROUNDS * PAGES; i++) {
		ASSERT_EQ(PAGE, read(self->pipe[0], page, PAGE));
		EXPECT_EQ(i % PAGES, page[0]);
	}
	EXPECT_EQ(0, system(pathf("insmod /pcibuf.ko %s", args ?: "")));
	EXPECT_EQ(0, card_bind(&self->card));
}

TEST_HARNESS_MAIN
