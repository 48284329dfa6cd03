// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card continues to write while its buffers are freed one by one, and while their
 * program is killed. The card changes no byte of memory that is not its own. Without an
 * IOMMU, only parking ensures this. Needs a small guest without an IOMMU.
 */
#include <kselftest_harness.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "lib.h"

#define BUFFERS		8
#define SIZE		(HUGE_PAGE + 5 * PAGE)	/* a huge page and some base pages */
#define CYCLES		3	/* of the card after each free */
#define PATIENCE	60	/* seconds, for that many */
#define NOISE		0x5c	/* what the card writes */
#define TARGETS		64

/* The orders for the process that drives the card, and what the card has done. */
struct stream {
	struct pcibuf_segment targets[TARGETS];
	__u32 nr;
	bool blind;	/* order: stop comparing, the buffer for it goes too */
	bool is_blind;
	unsigned int cycles;
	unsigned int lost;	/* writes that did not arrive at their address */
};

FIXTURE(streams) {
	struct card card;
	struct stream *stream;
	pid_t card_pid;
	pid_t program;
	int orders[2], answers[2];
};

static void add_targets(struct __test_metadata *_metadata,
			struct stream *stream, int fd)
{
	struct pcibuf_segment *segments;
	__u32 i, count = 0;

	segments = segments_of(fd, &count);
	ASSERT_NE(NULL, segments);
	for (i = 0; i < count && stream->nr < TARGETS; i++)
		stream->targets[stream->nr++] = segments[i];
	free(segments);
}

/* Choose an address in one of the present or former buffers. */
static __u64 aim(const struct stream *stream, __u32 *length)
{
	static __u64 state = 1;
	const struct pcibuf_segment *target;
	__u64 at;

	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	target = &stream->targets[(state >> 33) % stream->nr];
	at = (state >> 20) % target->length;
	*length = target->length - at;
	if (*length > EDU_MAX_TRANSFER)
		*length = EDU_MAX_TRANSFER;
	return target->dma_addr + at;
}

/* Write to that address, and read it back into a page of the card's own buffer. */
static int cycle(struct edu *edu, struct stream *stream, unsigned char *own,
		 __u64 own_bus)
{
	__u32 length;
	__u64 bus = aim(stream, &length);
	int err;

	memset(own, 0, PAGE);
	err = edu_fetch(edu, own_bus + PAGE, length);
	if (!err)
		err = edu_store(edu, bus, length);
	if (!err)
		err = edu_copy(edu, bus, own_bus, length);
	if (!err && memcmp(own, own + PAGE, length))
		stream->lost++;
	return err;
}

/* Drive the card, which needs a process for each transfer. Never returns. */
static void keep_going(const struct card *card, struct stream *stream)
{
	struct edu edu;
	struct buf own;
	__u32 length;
	__u64 bus;
	int err = edu_open(card, &edu);

	if (!err)
		err = buf_get(card, "own", 2 * PAGE, &own);
	if (err)
		_exit(1);
	bus = attr_u64(buf_attr(card, "own", "dma_addr"));
	memset(own.mem + PAGE, NOISE, PAGE);
	for (; !err && !stream->blind; stream->cycles++)
		err = cycle(&edu, stream, own.mem, bus);
	buf_put(&own);
	stream->is_blind = true;
	for (; !err; stream->cycles++) {
		bus = aim(stream, &length);
		err = edu_store(&edu, bus, length);
	}
	_exit(2);
}

/* The program has all buffers mapped, and drops each one on order. */
static void use_buffers(const struct card *card, int orders, int answers)
{
	struct buf bufs[BUFFERS];
	char nr = 0;
	int i;

	for (i = 0; i < BUFFERS; i++) {
		if (buf_get(card, pathf("b%d", i), SIZE, &bufs[i]))
			_exit(1);
		memset(bufs[i].mem, 1, SIZE);
	}
	do {
		if (write(answers, &nr, 1) != 1 || read(orders, &nr, 1) != 1)
			_exit(2);
		buf_put(&bufs[(int)nr]);
	} while (true);
}

static void start(struct __test_metadata *_metadata,
		  struct _test_data_streams *self)
{
	char ready;

	fflush(stdout);
	self->card_pid = fork();
	if (!self->card_pid)
		keep_going(&self->card, self->stream);
	self->program = fork();
	if (!self->program)
		use_buffers(&self->card, self->orders[0], self->answers[1]);
	ASSERT_EQ(1, read(self->answers[0], &ready, 1));
}

FIXTURE_SETUP(streams)
{
	int i, fd;

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "%u",
				self->card.mask));
	self->stream = mmap(NULL, sizeof(*self->stream), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->stream);
	ASSERT_EQ(0, card_write(&self->card, "alloc", "8K own"));
	for (i = 0; i < BUFFERS; i++) {
		ASSERT_EQ(0, card_write(&self->card, i % 2 ? "alloc" : "alloc_sg",
					"%lu b%d", SIZE, i));
		fd = buf_open(&self->card, pathf("b%d", i), O_RDWR);
		add_targets(_metadata, self->stream, fd);
		close(fd);
	}
	ASSERT_EQ(0, pipe(self->orders));
	ASSERT_EQ(0, pipe(self->answers));
	start(_metadata, self);
}

static void end(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
	*pid = 0;
}

FIXTURE_TEARDOWN(streams)
{
	end(&self->program);
	end(&self->card_pid);
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Wait until the card has done @cycles more cycles. */
static void let_it_write(struct __test_metadata *_metadata,
			 struct stream *stream, unsigned int cycles)
{
	unsigned int before = stream->cycles;
	double until = seconds() + PATIENCE;

	while (__atomic_load_n(&stream->cycles, __ATOMIC_SEQ_CST) - before <
	       cycles + 1) {
		ASSERT_GT(until, seconds());
		usleep(20000);
	}
}

/* Fill all available memory. It does not change. */
static void check_spared(struct __test_metadata *_metadata,
			 struct stream *stream, unsigned int cycles)
{
	size_t size;
	unsigned char *marks = take_all_memory(&size);

	ASSERT_NE(MAP_FAILED, marks);
	let_it_write(_metadata, stream, cycles);
	EXPECT_TRUE(all_marks(marks, size));
	munmap(marks, size);
}

/* Revoke while mapped, or free after the program dropped the buffer or was killed. */
static void give_up(struct __test_metadata *_metadata,
		    struct _test_data_streams *self, char nr)
{
	bool revoke = nr % 4 == 1;

	if (nr == BUFFERS / 2)
		end(&self->program);
	if (self->program && !revoke) {
		ASSERT_EQ(1, write(self->orders[1], &nr, 1));
		ASSERT_EQ(1, read(self->answers[0], &nr, 1));
	}
	ASSERT_EQ(0, card_write(&self->card, revoke ? "revoke" : "free", "b%d",
				nr));
}

TEST_F_TIMEOUT(streams, no_byte_of_others_changes, 240)
{
	struct stream *stream = self->stream;
	char nr;

	let_it_write(_metadata, stream, CYCLES);
	for (nr = 0; nr < BUFFERS; nr++) {
		give_up(_metadata, self, nr);
		check_spared(_metadata, stream, CYCLES);
	}
	EXPECT_EQ(BUFFERS * SIZE + 2 * PAGE,
		  attr_u64(card_attr(&self->card, "allocated_bytes")));
	EXPECT_EQ(0, stream->lost);
	TH_LOG("%u cycles of the card", stream->cycles);

	/* With the last buffer the card stops, and all memory goes back to the system. */
	stream->blind = true;
	while (!__atomic_load_n(&stream->is_blind, __ATOMIC_SEQ_CST))
		usleep(20000);
	ASSERT_EQ(0, card_write(&self->card, "free", "own"));
	EXPECT_EQ(0, attr_u64(card_attr(&self->card, "allocated_bytes")));
	check_spared(_metadata, stream, 4 * CYCLES);
	EXPECT_EQ(0, waitpid(self->card_pid, NULL, WNOHANG));
}

TEST_HARNESS_MAIN
