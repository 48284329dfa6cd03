// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which interrupts a card can have, every errno of nr_irqs and irq_type, and who may
 * read a node. Needs a guest with the cards edu (INTx, one MSI), rocker (four MSI-X, no
 * MSI) and pci-testdev (no interrupt).
 */
#include <kselftest_harness.h>

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib.h"

#define VENDOR		0x1b36
#define ROCKER		0x0006
#define TESTDEV		0x0005
#define ROCKER_VECTORS	4
#define TEST_IRQ	0x20	/* register of rocker: raises the vector written to it */
#define SOON		2000	/* ms */
#define GUARD		65536

FIXTURE(irqs) {
	struct card card;
	struct card rocker;
	struct card testdev;
	struct snapshot before;
};

FIXTURE_SETUP(irqs)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_find_id(VENDOR, ROCKER, 0, &self->rocker));
	ASSERT_EQ(0, card_bind(&self->rocker));
	ASSERT_EQ(0, card_find_id(VENDOR, TESTDEV, 0, &self->testdev));
	ASSERT_EQ(0, card_bind(&self->testdev));
	snapshot(&self->card, &self->before);
}

FIXTURE_TEARDOWN(irqs)
{
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(&self->card, "irq_type", "auto"));
	EXPECT_EQ(0, card_reset(&self->card));
	EXPECT_EQ(0, card_unbind(&self->rocker));
	EXPECT_EQ(0, card_unbind(&self->testdev));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

static void expect_type(struct __test_metadata *_metadata,
			const struct card *card, const char *type)
{
	char text[64];

	EXPECT_EQ(0, attr_read(card_attr(card, "irq_type"), text, sizeof(text)));
	EXPECT_STREQ(type, text);
}

/* A request fails, changes nothing, and last_error has these words. */
static void refused(struct __test_metadata *_metadata, const struct card *card,
		    int err, const char *attr, const char *text,
		    const char *words)
{
	__u64 nr = attr_u64(card_attr(card, "nr_irqs"));
	char said[1024];

	EXPECT_EQ(err, card_write(card, attr, text)) {
		TH_LOG("%s %s", attr, text);
	}
	EXPECT_EQ(nr, attr_u64(card_attr(card, "nr_irqs")));
	EXPECT_EQ(0, attr_read(card_attr(card, "last_error"), said,
			       sizeof(said)));
	EXPECT_EQ(&said[0], strstr(said, attr));
	EXPECT_NE(NULL, strstr(said, words)) {
		TH_LOG("%s", said);
	}
}

TEST_F(irqs, malformed)
{
	static const char * const numbers[] = {
		"\n", "x", "-1", "1 2", "1,", "257", "4294967296", "auto", "1K",
	};
	static const char * const types[] = {
		"\n", "x", "MSI", "msi-x", "msi intx", "0", "legacy",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		refused(_metadata, &self->card, EINVAL, "nr_irqs", numbers[i],
			"0 to 256");
	for (i = 0; i < ARRAY_SIZE(types); i++)
		refused(_metadata, &self->card, EINVAL, "irq_type", types[i],
			"msix, msi or intx");
	expect_type(_metadata, &self->card, "auto");
}

TEST_F(irqs, as_many_as_there_are)
{
	struct card *edu = &self->card, *rocker = &self->rocker;

	refused(_metadata, edu, ENOSPC, "nr_irqs", "2", "can have 1 of");
	refused(_metadata, edu, ENOSPC, "nr_irqs", "256", "can have 1 of");
	refused(_metadata, rocker, ENOSPC, "nr_irqs", "5", "can have 4 of");
	EXPECT_EQ(0, card_write(edu, "irq_type", "intx"));
	refused(_metadata, edu, ENOSPC, "nr_irqs", "2", "can have 1 of");
	EXPECT_EQ(0, card_write(edu, "irq_type", "msix"));
	refused(_metadata, edu, EOPNOTSUPP, "nr_irqs", "1", "no interrupt of");
	EXPECT_EQ(0, card_write(rocker, "irq_type", "msi"));
	refused(_metadata, rocker, EOPNOTSUPP, "nr_irqs", "1", "no interrupt");
	refused(_metadata, &self->testdev, EOPNOTSUPP, "nr_irqs", "1",
		"no interrupt of");
}

TEST_F(irqs, types)
{
	static const char * const types[] = { "intx", "msi", "auto" };
	struct card *edu = &self->card;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		EXPECT_EQ(0, card_write(edu, "irq_type", "%s\n", types[i]));
		expect_type(_metadata, edu, types[i]);
		EXPECT_EQ(0, card_write(edu, "nr_irqs", "1\n"));
		expect_type(_metadata, edu, i ? "msi" : "intx");
		EXPECT_EQ(0, card_write(edu, "nr_irqs", "0"));
		expect_type(_metadata, edu, types[i]);
	}
	EXPECT_EQ(0, card_write(&self->rocker, "nr_irqs", "1"));
	expect_type(_metadata, &self->rocker, "msix");
}

TEST_F(irqs, busy_while_there_are_nodes)
{
	struct card *rocker = &self->rocker;

	EXPECT_EQ(0, card_write(rocker, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(rocker, "nr_irqs", "2"));
	refused(_metadata, rocker, EBUSY, "nr_irqs", "1", "only 0 takes");
	refused(_metadata, rocker, EBUSY, "nr_irqs", "3", "only 0 takes");
	refused(_metadata, rocker, EBUSY, "irq_type", "msix", "only 0 takes");
	EXPECT_EQ(0, card_write(rocker, "nr_irqs", "2"));
	EXPECT_EQ(0, card_write(rocker, "nr_irqs", "0"));
	EXPECT_EQ(0, card_write(rocker, "nr_irqs", "3"));
}

/* The bits of the command register that are not the driver's business stay. */
TEST_F(irqs, intx_is_off_without_a_reader)
{
	struct card *edu = &self->card;
	unsigned int i;
	__u16 command;
	int config = open(pci_attr(edu, "config"), O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, config);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, card_write(edu, "irq_type", i ? "msi" : "intx"));
		EXPECT_EQ(0, card_write(edu, "nr_irqs", i == 1 ? "1" : "0"));
		EXPECT_EQ(2, pread(config, &command, 2, 4));
		EXPECT_EQ(0x400, command & 0x400);
		EXPECT_EQ(0, card_write(edu, "nr_irqs", "0"));
		EXPECT_EQ(2, pread(config, &command, 2, 4));
		EXPECT_EQ(0x402, command & 0x406);
	}
	close(config);
}

/* Each vector wakes its own node only. */
TEST_F(irqs, vectors_are_apart)
{
	int fds[ROCKER_VECTORS], bar, i, j;
	struct card *rocker = &self->rocker;
	struct pcibuf_irq_event event;
	__u8 *registers;

	bar = open(pci_attr(rocker, "resource0"), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, bar);
	registers = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, bar, 0);
	ASSERT_NE(MAP_FAILED, registers);
	ASSERT_EQ(0, card_write(rocker, "alloc", "4K rx"));
	ASSERT_EQ(0, card_write(rocker, "nr_irqs", "%d", ROCKER_VECTORS));
	for (i = 0; i < ROCKER_VECTORS; i++) {
		EXPECT_EQ(i, attr_u64(irq_attr(rocker, i, "vector")));
		for (j = 0; j < i; j++)
			EXPECT_NE(attr_u64(irq_attr(rocker, j, "irq")),
				  attr_u64(irq_attr(rocker, i, "irq")));
		fds[i] = irq_open(rocker, i, O_RDONLY | O_NONBLOCK);
		ASSERT_LE(0, fds[i]);
	}
	for (i = 0; i < ROCKER_VECTORS; i++) {
		__atomic_store_n((__u32 *)(registers + TEST_IRQ), i,
				 __ATOMIC_SEQ_CST);
		EXPECT_EQ(POLLIN, irq_revents(fds[i], SOON));
		for (j = 0; j < ROCKER_VECTORS; j++)
			EXPECT_EQ(j == i ? 0 : EAGAIN, irq_read(fds[j], &event));
	}
	for (i = 0; i < ROCKER_VECTORS; i++)
		close(fds[i]);
	munmap(registers, PAGE);
	close(bar);
	EXPECT_EQ(0, card_write(rocker, "free", "rx"));
}

/* MSI arrives only while the card is a bus master. INTx does not depend on that. */
TEST_F(irqs, msi_needs_a_buffer)
{
	int i, fd;
	struct edu edu;

	ASSERT_EQ(0, edu_open(&self->card, &edu));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, card_write(&self->card, "irq_type",
					i ? "msi" : "intx"));
		EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
		if (i == 2)
			EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
		fd = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);
		edu_raise(&edu);
		EXPECT_EQ(i == 1 ? 0 : POLLIN, irq_revents(fd, i == 1 ? 200 : SOON));
		close(fd);
		edu_acknowledge(&edu);
		EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	}
	edu_close(&edu);
}

/*
 * The card raised interrupts while nobody had the node open: the next one who opens it
 * finds INTx, which the card still asserts, or the one MSI that the kernel kept.
 */
TEST_F(irqs, raised_before_the_open)
{
	struct pcibuf_irq_event event;
	struct edu edu;
	int i, fd, err;

	ASSERT_EQ(0, edu_open(&self->card, &edu));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, card_write(&self->card, "irq_type",
					i ? "msi" : "intx"));
		EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
		edu_raise(&edu);
		usleep(10000);
		edu_raise(&edu);
		usleep(10000);
		fd = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);
		err = irq_revents(fd, 100) ? irq_read(fd, &event) : EAGAIN;
		EXPECT_TRUE(!err || (i && err == EAGAIN));
		EXPECT_TRUE(err || event.count == 1);
		close(fd);
		edu_acknowledge(&edu);
		EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	}
	edu_close(&edu);
}

/*
 * Let the processor that raises the interrupts handle them: each comes at once then.
 * Another processor of an emulated machine may not run for long.
 */
static void to_this_processor(struct __test_metadata *_metadata,
			      const struct card *card)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	EXPECT_EQ(0, sched_setaffinity(0, sizeof(first), &first));
	EXPECT_EQ(0, attr_write(pathf("/proc/irq/%llu/smp_affinity",
				      attr_u64(irq_attr(card, 0, "irq"))), "1"));
}

/* After so many MSIs that nobody read, the vector is disabled until somebody looks. */
TEST_F_TIMEOUT(irqs, storm_that_nobody_reads, 120)
{
	struct pcibuf_irq_event event;
	__u64 handled;
	struct edu edu;
	int fd, i;

	ASSERT_EQ(0, edu_open(&self->card, &edu));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	fd = irq_open(&self->card, 0, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	to_this_processor(_metadata, &self->card);
	/* The kernel may merge two. */
	for (i = 0; i < 2 * GUARD; i++) {
		if (i % 1000 == 0 &&
		    attr_u64(irq_attr(&self->card, 0, "count")) >= GUARD)
			break;
		edu_raise(&edu);
	}
	TH_LOG("%d raised", i);
	EXPECT_EQ(GUARD, attr_u64(irq_attr(&self->card, 0, "count")));
	handled = irq_handled("pcibuf_irq");
	for (i = 0; i < 1000; i++)
		edu_raise(&edu);
	EXPECT_EQ(GUARD, attr_u64(irq_attr(&self->card, 0, "count")));
	EXPECT_GE(handled + 1, irq_handled("pcibuf_irq"));
	/* The kernel kept one that came meanwhile. */
	EXPECT_EQ(POLLIN, irq_revents(fd, 0));
	usleep(10000);
	EXPECT_EQ(0, irq_read(fd, &event));
	EXPECT_LE(GUARD, event.count);
	EXPECT_GE(GUARD + 1, event.count);
	EXPECT_EQ(EAGAIN, irq_read(fd, &event));
	edu_raise(&edu);
	EXPECT_EQ(POLLIN, irq_revents(fd, SOON));
	EXPECT_EQ(0, irq_read(fd, &event));
	EXPECT_EQ(1, event.count);
	close(fd);
	edu_close(&edu);
}

static int reads_one(void *arg)
{
	int fd = irq_open(arg, 0, O_RDONLY | O_NONBLOCK);
	struct pcibuf_irq_event event;
	struct edu edu;

	if (fd < 0 || irq_revents(fd, SOON) != POLLIN || irq_read(fd, &event))
		return EPROTO;
	if (!edu_open(arg, &edu) || card_write(arg, "nr_irqs", "0") != EACCES ||
	    card_write(arg, "irq_type", "msi") != EACCES)
		return EPERM;
	return 0;
}

static int opens_nothing(void *arg)
{
	if (irq_open(arg, 0, O_RDONLY) >= 0 || errno != EACCES)
		return EPERM;
	return irq_open(arg, 0, O_WRONLY) >= 0 || errno != EACCES;
}

/* A member has no right but the node, and needs no other. */
TEST_F(irqs, of_the_group)
{
	struct edu edu;
	struct stat st;

	ASSERT_EQ(0, card_write(&self->card, "gid", "%d", GID_PCIBUF));
	ASSERT_EQ(0, card_write(&self->card, "irq_type", "intx"));
	ASSERT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	ASSERT_EQ(0, stat(irq_node(&self->card, 0), &st));
	EXPECT_EQ(S_IFCHR | 0660, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(GID_PCIBUF, st.st_gid);
	ASSERT_EQ(0, edu_open(&self->card, &edu));
	edu_raise(&edu);
	EXPECT_EQ(0, as_user(UID_ALICE, GID_PCIBUF, reads_one, &self->card));
	EXPECT_EQ(0, as_user(UID_BOB, 0, opens_nothing, &self->card));
	edu_acknowledge(&edu);
	edu_close(&edu);
	/* Nodes keep their group. New nodes have the new group. */
	ASSERT_EQ(0, card_write(&self->card, "gid", "0"));
	ASSERT_EQ(0, stat(irq_node(&self->card, 0), &st));
	EXPECT_EQ(GID_PCIBUF, st.st_gid);
	ASSERT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	ASSERT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	EXPECT_EQ(0, as_user(UID_ALICE, GID_PCIBUF, opens_nothing, &self->card));
}

TEST_HARNESS_MAIN
