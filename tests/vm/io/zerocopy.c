// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rest of the kernel uses the mapping of a buffer as ordinary memory: pipes, files,
 * sockets and other processes. Pipes and sockets take the pages without a copy.
 */
#include "lib-mapped.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static int temporary_file(void)
{
	char name[] = "/tmp/pcibuf-test-XXXXXX";
	int fd = mkstemp(name);

	unlink(name);
	return fd;
}

TEST_F_TIMEOUT(mapped, file, 60)
{
	int file = temporary_file();

	ASSERT_EQ((ssize_t)variant->size,
		  disk_write(file, self->mem, variant->size, 0));
	EXPECT_TRUE(file_holds(file, variant->size, 1));
	memset(self->mem, 0, variant->size);
	ASSERT_EQ((ssize_t)variant->size,
		  disk_read(file, self->mem, variant->size, 0));
	check_works(_metadata, &self->place, self->fd, 1);
	close(file);
}

TEST_F_TIMEOUT(mapped, sendfile, 60)
{
	int file = temporary_file();
	off_t at = 0;
	ssize_t got;

	while ((got = sendfile(file, self->fd, &at, variant->size)) > 0)
		;
	EXPECT_EQ(0, got);
	EXPECT_EQ((off_t)variant->size, at);
	EXPECT_TRUE(file_holds(file, variant->size, 1));
	close(file);
}

/* Splice from the node into a pipe, from the pipe into a file, and back. */
TEST_F_TIMEOUT(mapped, splice, 60)
{
	const loff_t size = variant->size;
	int file = temporary_file(), pipes[2];
	loff_t in = 0, out = 0;

	ASSERT_EQ(0, pipe(pipes));
	while (in < size) {
		ASSERT_LT(0, splice(self->fd, &in, pipes[1], NULL, size, 0));
		while (out < in)
			ASSERT_LT(0, splice(pipes[0], NULL, file, &out,
					    in - out, SPLICE_F_MOVE));
	}
	EXPECT_TRUE(file_holds(file, size, 1));
	memset(self->mem, 0, size);
	for (in = 0, out = 0; in < size;) {
		ASSERT_LT(0, splice(file, &in, pipes[1], NULL, size, 0));
		while (out < in)
			ASSERT_LT(0, splice(pipes[0], NULL, self->fd, &out,
					    in - out, SPLICE_F_MOVE));
	}
	check_works(_metadata, &self->place, self->fd, 1);
	close(pipes[0]);
	close(pipes[1]);
	close(file);
}

/* The pipe takes the pages themselves, also as a gift (SPLICE_F_GIFT). */
static void check_vmsplice(struct __test_metadata *_metadata,
			   const struct place *place, unsigned int flags)
{
	struct iovec rest = { place->mem, place->size };
	int file = temporary_file(), pipes[2];
	loff_t out = 0;
	ssize_t got;

	ASSERT_EQ(0, pipe(pipes));
	while (rest.iov_len) {
		got = vmsplice(pipes[1], &rest, 1, flags);
		ASSERT_LT(0, got);
		rest.iov_base += got;
		rest.iov_len -= got;
		while (out < (unsigned char *)rest.iov_base - place->mem)
			ASSERT_LT(0, splice(pipes[0], NULL, file, &out, got,
					    SPLICE_F_MOVE));
	}
	EXPECT_TRUE(file_holds(file, place->size, 1));
	close(pipes[0]);
	close(pipes[1]);
	close(file);
}

TEST_F_TIMEOUT(mapped, vmsplice, 60)
{
	check_vmsplice(_metadata, &self->place, 0);
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, vmsplice_gift, 60)
{
	check_vmsplice(_metadata, &self->place, SPLICE_F_GIFT);
	check_works(_metadata, &self->place, self->fd, 1);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* Copy between two processes, from and to a mapping of each. */
TEST_F_TIMEOUT(mapped, process_vm, 60)
{
	unsigned char *copy = malloc(variant->size);
	struct iovec there = { self->mem, variant->size };
	struct iovec here = { copy, variant->size };
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(sleep_for_ever(NULL));
	ASSERT_EQ((ssize_t)variant->size,
		  process_vm_readv(pid, &here, 1, &there, 1, 0));
	EXPECT_EQ(-1, mismatch(copy, variant->size, 0, 1));
	fill(copy, variant->size, 0, 2);
	ASSERT_EQ((ssize_t)variant->size,
		  process_vm_writev(pid, &here, 1, &there, 1, 0));
	check_holds(_metadata, &self->place, self->fd, 2);
	memset(copy, 0, variant->size);
	there.iov_base += MIB + 5;
	there.iov_len = 2 * MIB - 7;
	ASSERT_EQ((ssize_t)there.iov_len,
		  process_vm_readv(pid, &here, 1, &there, 1, 0));
	EXPECT_EQ(0, memcmp(copy, self->mem + MIB + 5, there.iov_len));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check_works(_metadata, &self->place, self->fd, 2);
	free(copy);
}

/* Another process sends the data at @mem, however long this takes. */
static pid_t write_in_child(int fd, const unsigned char *mem, size_t size)
{
	pid_t pid = fork();
	ssize_t got;

	while (!pid && size) {
		got = write(fd, mem, size);
		if (got <= 0)
			_exit(1);
		mem += got;
		size -= got;
	}
	if (!pid)
		_exit(0);
	return pid;
}

/*
 * Write from the mapping to @to and read from @from into the mapping, at the same time.
 */
static void check_passes(struct __test_metadata *_metadata,
			 const struct place *place, int to, int from)
{
	unsigned char *source = malloc(place->size);
	size_t done = 0;
	ssize_t got;
	int status;
	pid_t pid;

	memcpy(source, place->mem, place->size);
	pid = write_in_child(to, place->mem, MIB);
	while (done < MIB) {
		got = read(from, place->mem + 2 * MIB, MIB - done);
		ASSERT_LT(0, got);
		ASSERT_EQ(0, memcmp(place->mem + 2 * MIB, source + done, got));
		done += got;
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	memcpy(place->mem, source, place->size);
	free(source);
}

TEST_F_TIMEOUT(mapped, pipe, 60)
{
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	check_passes(_metadata, &self->place, pipes[1], pipes[0]);
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, unix_socket, 60)
{
	int sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	check_passes(_metadata, &self->place, sockets[1], sockets[0]);
	check_works(_metadata, &self->place, self->fd, 1);
}

TEST_F_TIMEOUT(mapped, tcp_without_a_copy, 60)
{
	unsigned char *copy = malloc(variant->size);
	size_t sent = 0, got = 0;
	__u32 calls = 0;
	ssize_t part;
	int ends[2];

	ASSERT_EQ(0, net_pair(SOCK_STREAM, ends));
	while (got < variant->size) {
		part = send(ends[1], self->mem + sent, variant->size - sent,
			    MSG_ZEROCOPY | MSG_DONTWAIT);
		calls += part > 0;
		sent += part > 0 ? part : 0;
		part = recv(ends[0], copy + got, variant->size - got, 0);
		ASSERT_LT(0, part);
		got += part;
	}
	EXPECT_EQ(-1, mismatch(copy, variant->size, 0, 1));
	EXPECT_EQ(0, net_completed(ends[1], calls));
	check_works(_metadata, &self->place, self->fd, 1);
	close(ends[0]);
	close(ends[1]);
	free(copy);
}

#define DATAGRAM	(32 * KIB)

TEST_F_TIMEOUT(mapped, udp_without_a_copy, 60)
{
	unsigned char *copy = malloc(DATAGRAM);
	size_t at, calls = 0;
	int ends[2];

	ASSERT_EQ(0, net_pair(SOCK_DGRAM, ends));
	for (at = 3 * PAGE + 8; at < 3 * MIB - DATAGRAM; at += 5 * DATAGRAM) {
		ASSERT_EQ((ssize_t)DATAGRAM, send(ends[1], self->mem + at,
						  DATAGRAM, MSG_ZEROCOPY));
		ASSERT_EQ((ssize_t)DATAGRAM, recv(ends[0], copy, DATAGRAM, 0));
		EXPECT_EQ(-1, mismatch(copy, DATAGRAM, at, 1));
		calls++;
	}
	EXPECT_EQ(0, net_completed(ends[1], calls));
	check_works(_metadata, &self->place, self->fd, 1);
	close(ends[0]);
	close(ends[1]);
	free(copy);
}

TEST_HARNESS_MAIN
