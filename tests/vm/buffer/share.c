// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mapping is the buffer: all processes and the card see every write. (The failure of
 * 2006: a mapping of new pages, which the card never saw.)
 */
#include <kselftest_harness.h>

#include <sys/socket.h>

#include "lib.h"

#define SIZE		(256 * KIB)
#define MARK		64

FIXTURE(share) {
	struct card card;
	struct snapshot before;
	struct buf rx;
};

FIXTURE_SETUP(share)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	snapshot(&self->card, &self->before);
	ASSERT_EQ(0, buf_make(&self->card, "alloc", SIZE, "rx", &self->rx));
}

FIXTURE_TEARDOWN(share)
{
	buf_put(&self->rx);
	EXPECT_EQ(0, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(0, snapshot_changes(&self->card, &self->before));
}

/*
 * In another process: check that the buffer holds pattern 1, and fill it with pattern 2.
 */
static int map_and_answer(void *arg)
{
	const struct card *card = arg;
	struct buf rx;

	if (buf_get(card, "rx", SIZE, &rx))
		return 1;
	if (mismatch(rx.mem, SIZE, 0, 1) != -1)
		return 2;
	fill(rx.mem, SIZE, 0, 2);
	buf_put(&rx);
	return 0;
}

TEST_F(share, another_process)
{
	fill(self->rx.mem, SIZE, 0, 1);
	EXPECT_EQ(0, in_child(map_and_answer, &self->card));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 2));
}

TEST_F(share, dd_on_the_node)
{
	const char *node = buf_node(&self->card, "rx");

	fill(self->rx.mem, SIZE, 0, 3);
	ASSERT_EQ(0, system(pathf("dd if=%s of=/tmp/copy bs=64k 2>/dev/null",
				  node)));
	memset(self->rx.mem, 0, SIZE);
	ASSERT_EQ(0, system(pathf("dd if=/tmp/copy of=%s bs=64k 2>/dev/null",
				  node)));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 3));
	ASSERT_EQ(0, system(pathf("cmp /tmp/copy %s", node)));
	unlink("/tmp/copy");
}

TEST_F(share, pread_and_pwrite)
{
	char text[MARK];

	memcpy(self->rx.mem + PAGE - 8, "sixteen letters", 16);
	ASSERT_EQ(16, pread(self->rx.fd, text, 16, PAGE - 8));
	EXPECT_STREQ("sixteen letters", text);
	ASSERT_EQ(16, pwrite(self->rx.fd, "SIXTEEN LETTERS", 16, PAGE - 8));
	EXPECT_STREQ("SIXTEEN LETTERS", (char *)self->rx.mem + PAGE - 8);
}

/* The mapping, dd and another process see what the card stored. */
TEST_F_TIMEOUT(share, card, 60)
{
	__u64 bus = attr_u64(buf_attr(&self->card, "rx", "dma_addr"));
	char text[MARK];
	struct edu edu;

	ASSERT_EQ(0, edu_open(&self->card, &edu));
	fill(self->rx.mem, SIZE, 0, 1);
	ASSERT_EQ(MARK, pwrite(self->rx.fd, self->rx.mem, MARK, 2 * PAGE));
	ASSERT_EQ(0, edu_fetch(&edu, bus + 2 * PAGE, MARK));
	memset(self->rx.mem, 0, MARK);
	ASSERT_EQ(0, edu_store(&edu, bus, MARK));
	ASSERT_EQ(MARK, pread(self->rx.fd, text, MARK, 0));
	EXPECT_EQ(-1, mismatch(text, MARK, 0, 1));
	EXPECT_EQ(-1, mismatch(self->rx.mem, MARK, 0, 1));
	fill(self->rx.mem + 2 * PAGE, MARK, 2 * PAGE, 1);
	EXPECT_EQ(0, in_child(map_and_answer, &self->card));
	ASSERT_EQ(0, edu_copy(&edu, bus, bus + SIZE - MARK, MARK));
	EXPECT_EQ(-1, mismatch(self->rx.mem + SIZE - MARK, MARK, 0, 2));
	edu_close(&edu);
}

/* A private copy would be memory that the card never sees. */
TEST_F(share, private_is_refused)
{
	int fd = buf_open(&self->card, "rx", O_RDONLY);
	void *map;

	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		   self->rx.fd, 0);
	EXPECT_EQ(MAP_FAILED, map);
	EXPECT_EQ(EINVAL, errno);
	map = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	EXPECT_EQ(MAP_FAILED, map);
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

static int write_inherited(void *arg)
{
	struct buf *rx = arg;

	if (mismatch(rx->mem, SIZE, 0, 4) != -1)
		return 1;
	fill(rx->mem, SIZE, 0, 5);
	return 0;
}

TEST_F(share, fork)
{
	fill(self->rx.mem, SIZE, 0, 4);
	EXPECT_EQ(0, in_child(write_inherited, &self->rx));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 5));
}

/* Parent and child must also share pages that neither touched before the fork. */
TEST_F(share, fork_before_the_first_touch)
{
	struct buf rx;

	fill(self->rx.mem, SIZE, 0, 4);
	ASSERT_EQ(0, buf_get(&self->card, "rx", SIZE, &rx));
	EXPECT_EQ(0, in_child(write_inherited, &rx));
	EXPECT_EQ(-1, mismatch(rx.mem, SIZE, 0, 5));
	buf_put(&rx);
}

/* Run as a user who cannot open the node: the descriptor is the permission. */
static int map_received(void *arg)
{
	int *sockets = arg;
	int fd = receive_fd(sockets[1]);
	struct pcibuf_info info;
	unsigned char *map;

	if (fd < 0)
		return 1;
	if (buf_info(fd, &info) || info.size != SIZE)
		return 2;
	map = buf_map(fd, SIZE, 0);
	if (map == MAP_FAILED)
		return 3;
	if (mismatch(map, SIZE, 0, 6) != -1)
		return 4;
	fill(map, SIZE, 0, 7);
	return 0;
}

TEST_F(share, descriptor_passed_over_a_socket)
{
	int sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	fill(self->rx.mem, SIZE, 0, 6);
	ASSERT_EQ(0, send_fd(sockets[0], self->rx.fd));
	EXPECT_EQ(0, as_user(UID_BOB, 0, map_received, sockets));
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE, 0, 7));
	close(sockets[0]);
	close(sockets[1]);
}

/* A descriptor in a socket is the last one, and keeps the buffer in use. */
TEST_F(share, descriptor_under_way_keeps_the_buffer)
{
	int sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_EQ(0, send_fd(sockets[0], self->rx.fd));
	buf_put(&self->rx);
	EXPECT_EQ(EBUSY, card_write(&self->card, "free", "rx"));
	EXPECT_EQ(1, attr_u64(buf_attr(&self->card, "rx", "open_count")));
	close(sockets[0]);
	close(sockets[1]);
	ASSERT_EQ(0, buf_get(&self->card, "rx", SIZE, &self->rx));
}

TEST_F(share, two_mappings)
{
	unsigned char *tail = buf_map(self->rx.fd, SIZE / 2, SIZE / 2);
	unsigned char *whole = buf_map(self->rx.fd, SIZE, 0);

	ASSERT_NE(MAP_FAILED, tail);
	ASSERT_NE(MAP_FAILED, whole);
	fill(self->rx.mem, SIZE, 0, 8);
	EXPECT_EQ(-1, mismatch(whole, SIZE, 0, 8));
	EXPECT_EQ(-1, mismatch(tail, SIZE / 2, SIZE / 2, 8));
	fill(tail, SIZE / 2, SIZE / 2, 9);
	EXPECT_EQ(-1, mismatch(self->rx.mem, SIZE / 2, 0, 8));
	EXPECT_EQ(-1, mismatch(self->rx.mem + SIZE / 2, SIZE / 2, SIZE / 2, 9));
	EXPECT_EQ(0, munmap(whole, SIZE));
	EXPECT_EQ(-1, mismatch(tail, SIZE / 2, SIZE / 2, 9));
	EXPECT_EQ(0, munmap(tail, SIZE / 2));
	EXPECT_EQ(0, touch(self->rx.mem + SIZE - 1));
}

TEST_HARNESS_MAIN
