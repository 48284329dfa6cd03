// SPDX-License-Identifier: GPL-2.0-only
/* All minor numbers are in use. Needs a module that has only NR_MINORS of them. */
#include <kselftest_harness.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib.h"

#define NR_MINORS	4

FIXTURE(minors) {
	struct card card;
	struct snapshot before;
};

FIXTURE_SETUP(minors)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(minors)
{
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static void use_up(struct __test_metadata *_metadata, const struct card *card)
{
	int i;

	for (i = 0; i < NR_MINORS; i++)
		ASSERT_EQ(0, card_write(card, "alloc", "4K b%d", i));
}

TEST_F(minors, run_out)
{
	char words[4096];

	use_up(_metadata, &self->card);
	EXPECT_EQ(ENOSPC, card_write(&self->card, "alloc", "4K more"));
	EXPECT_EQ(ENOSPC, card_write(&self->card, "alloc_sg", "4K more"));
	EXPECT_EQ(NR_MINORS, attr_u64(card_attr(&self->card, "nr_buffers")));
	EXPECT_EQ(NR_MINORS * PAGE,
		  attr_u64(card_attr(&self->card, "allocated_bytes")));
	ASSERT_EQ(0, attr_read(card_attr(&self->card, "last_error"), words,
			       sizeof(words)));
	EXPECT_NE(NULL, strstr(words, "ENOSPC"));
}

/* Some of the nodes could be made. None stays, and no vector is lost. */
TEST_F(minors, not_all_interrupts)
{
	struct card rocker;

	ASSERT_EQ(0, card_find_id(0x1b36, 6, 0, &rocker));
	ASSERT_EQ(0, card_bind(&rocker));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(ENOSPC, card_write(&rocker, "nr_irqs", "4"));
	EXPECT_EQ(0, attr_u64(card_attr(&rocker, "nr_irqs")));
	EXPECT_STREQ("", irq_node(&rocker, 0));
	EXPECT_EQ(0, card_write(&rocker, "nr_irqs", "3"));
	EXPECT_STRNE("", irq_node(&rocker, 2));
	EXPECT_EQ(0, card_write(&rocker, "nr_irqs", "0"));
	EXPECT_EQ(0, card_unbind(&rocker));
}

/* The nodes of interrupts have numbers of the same space. */
TEST_F(minors, interrupts_too)
{
	char words[4096];

	use_up(_metadata, &self->card);
	EXPECT_EQ(ENOSPC, card_write(&self->card, "nr_irqs", "1"));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "nr_irqs")));
	ASSERT_EQ(0, attr_read(card_attr(&self->card, "last_error"), words,
			       sizeof(words)));
	EXPECT_NE(NULL, strstr(words, "no number left"));
	EXPECT_EQ(0, card_write(&self->card, "free", "b2"));
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	EXPECT_EQ(ENOSPC, card_write(&self->card, "alloc", "4K more"));
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K more"));
}

TEST_F(minors, come_back)
{
	use_up(_metadata, &self->card);
	EXPECT_EQ(0, card_write(&self->card, "free", "b2"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K more"));
	EXPECT_EQ(ENOSPC, card_write(&self->card, "alloc", "4K again"));
}

/* An open file keeps the minor number of its buffer, even after a revoke. */
TEST_F(minors, stay_with_an_open_file)
{
	int fd;

	use_up(_metadata, &self->card);
	fd = buf_open(&self->card, "b1", O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_write(&self->card, "revoke", "b1"));
	EXPECT_EQ(ENOSPC, card_write(&self->card, "alloc", "4K more"));
	close(fd);
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K more"));
}

/* Return the errno of an open of the node; 0 if it is the buffer with this label. */
static int opens(const char *node, const char *label)
{
	int err, fd = open(node, O_RDWR | O_CLOEXEC);
	struct pcibuf_info info;

	if (fd < 0)
		return errno;
	err = buf_info(fd, &info);
	close(fd);
	return err ?: strcmp(info.label, label);
}

/*
 * A container has a copy of a node. The copy finds the buffer while the buffer exists,
 * nothing afterwards, and another buffer only when all other numbers were used.
 */
TEST_F(minors, copy_of_a_node)
{
	struct pcibuf_info info;
	struct stat st;
	int i, fd;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	ASSERT_EQ(0, stat(buf_node(&self->card, "rx"), &st));
	ASSERT_EQ(0, mknod("/copy", S_IFCHR | 0600, st.st_rdev));
	EXPECT_EQ(0, opens("/copy", "rx"));
	fd = open("/copy", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, card_write(&self->card, "revoke", "rx"));
	EXPECT_EQ(ENXIO, opens("/copy", "rx"));
	EXPECT_EQ(ENODEV, buf_info(fd, &info));
	close(fd);
	for (i = 1; i < NR_MINORS; i++) {
		EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
		EXPECT_EQ(ENXIO, opens("/copy", "rx"));
		EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	}
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K tx"));
	EXPECT_EQ(0, opens("/copy", "tx"));
	EXPECT_EQ(0, unlink("/copy"));
}

/* A number that no buffer ever had. */
TEST_F(minors, node_of_nothing)
{
	struct stat st;

	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	ASSERT_EQ(0, stat(buf_node(&self->card, "rx"), &st));
	ASSERT_EQ(0, mknod("/nothing", S_IFCHR | 0600,
			   makedev(major(st.st_rdev), 1048575)));
	EXPECT_EQ(ENXIO, opens("/nothing", "rx"));
	EXPECT_EQ(0, unlink("/nothing"));
}

TEST_HARNESS_MAIN
