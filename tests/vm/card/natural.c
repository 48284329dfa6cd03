// SPDX-License-Identifier: GPL-2.0-only
/*
 * A card that does not snoop the caches. The driver chooses coherent memory for this
 * card on its own. Programs and the kernel both map this memory without caches. Needs
 * the module in tests/vm/card/attributes.
 */
#include <kselftest_harness.h>

#include "lib.h"

#define PAR		"/sys/module/attributes/parameters/par"
#define PAR_FAILED	1
#define CACHED		0xff	/* MAIR_EL1: write back, inner and outer */
#define NOT_CACHED	0x44	/* normal memory, not cacheable */
#define SIZE		(68 * KIB)
#define AREA		(SIZE + PAGE)	/* in the kernel, with its guard page */

FIXTURE(natural) {
	struct card card;
};

FIXTURE_VARIANT(natural) {
	const char *how;
};

FIXTURE_VARIANT_ADD(natural, alloc) {
	.how = "alloc",
};

FIXTURE_VARIANT_ADD(natural, alloc_sg) {
	.how = "alloc_sg",
};

FIXTURE_SETUP(natural)
{
	ASSERT_EQ(0, card_get(0, &self->card));
}

FIXTURE_TEARDOWN(natural)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Return the attributes of the processor's mapping, or -1 if nothing is mapped. */
static int attributes_of(unsigned long address)
{
	__u64 par;

	if (attr_write(PAR, pathf("%#lx", address)))
		return -1;
	par = attr_u64(PAR);
	return par & PAR_FAILED ? -1 : (int)(par >> 56);
}

TEST_F(natural, chosen_without_being_told)
{
	char text[32] = "";
	struct buf rx;

	ASSERT_EQ(0, attr_read(PARAM_DIR "/coherent", text, sizeof(text)));
	EXPECT_STREQ("N", text);
	ASSERT_EQ(0, buf_make(&self->card, variant->how, SIZE, "rx", &rx));
	ASSERT_EQ(0, attr_read(buf_attr(&self->card, "rx", "backing"), text,
			       sizeof(text)));
	EXPECT_STREQ("coherent", text);
	EXPECT_EQ(1, attr_u64(buf_attr(&self->card, "rx", "nr_segments")));
	buf_put(&rx);
}

TEST_F(natural, the_program_sees_it_without_caches)
{
	static unsigned char ordinary;
	struct buf rx;
	size_t at;

	ordinary = 1;
	EXPECT_EQ(CACHED, attributes_of((unsigned long)&ordinary));
	ASSERT_EQ(0, buf_make(&self->card, variant->how, SIZE, "rx", &rx));
	for (at = 0; at < SIZE; at += PAGE) {
		rx.mem[at] = 1;
		EXPECT_EQ(NOT_CACHED,
			  attributes_of((unsigned long)&rx.mem[at]));
	}
	/* A page that was dropped and touched again is mapped without caches too. */
	if (!madvise(rx.mem, SIZE, MADV_DONTNEED) && !touch(rx.mem))
		EXPECT_EQ(NOT_CACHED, attributes_of((unsigned long)rx.mem));
	buf_put(&rx);
}

/* Return the address of the kernel's DMA area of that size, or 0 if there is none. */
static unsigned long kernels_area(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	unsigned long start, size, found = 0;
	char line[512], by[64];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx-%*x %lu %63s", &start, &size, by) == 3 &&
		    size == AREA && strstr(by, "dma_"))
			found = start;
	if (file)
		fclose(file);
	return found;
}

/* read() and write() of the node use the kernel's mapping. */
TEST_F(natural, the_kernel_sees_it_without_caches)
{
	unsigned long area;

	/* Otherwise addresses are hidden even from root. */
	ASSERT_EQ(0, attr_write("/proc/sys/kernel/kptr_restrict", "1"));
	ASSERT_EQ(0, kernels_area());
	ASSERT_EQ(0, card_write(&self->card, variant->how, "%lu rx", SIZE));
	area = kernels_area();
	ASSERT_NE(0, area);
	EXPECT_EQ(NOT_CACHED, attributes_of(area));
	EXPECT_EQ(NOT_CACHED, attributes_of(area + SIZE - PAGE));
}

TEST_HARNESS_MAIN
