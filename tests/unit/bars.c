// SPDX-License-Identifier: GPL-2.0-only
/* Sizes of BARs of all kinds: module/lib/bars.c on the host. */
#include <kselftest_harness.h>

#include "lib/bars.h"

#define NEXT	0xfff00000u	/* another BAR, in the next register */

TEST(no_register)
{
	EXPECT_EQ(0, pcibuf_bar_size(0, 0));
	EXPECT_EQ(0, pcibuf_bar_size(0, NEXT));
}

TEST(memory_of_32_bits)
{
	EXPECT_EQ(1ULL << 20, pcibuf_bar_size(0xfff00000, NEXT));
	EXPECT_EQ(1ULL << 20, pcibuf_bar_size(0xfff00008, 0));
	EXPECT_EQ(16, pcibuf_bar_size(0xfffffff0, 0));
	EXPECT_EQ(1ULL << 31, pcibuf_bar_size(0x80000000, NEXT));
	EXPECT_FALSE(pcibuf_bar_is_64(0xfff00000));
	EXPECT_FALSE(pcibuf_bar_is_64(0xfff00008));
}

TEST(memory_of_64_bits)
{
	EXPECT_EQ(1ULL << 20, pcibuf_bar_size(0xfff00004, 0xffffffff));
	EXPECT_EQ(1ULL << 28, pcibuf_bar_size(0xf000000c, 0xffffffff));
	EXPECT_EQ(1ULL << 32, pcibuf_bar_size(0x0000000c, 0xffffffff));
	EXPECT_EQ(1ULL << 38, pcibuf_bar_size(0x0000000c, 0xffffffc0));
	EXPECT_TRUE(pcibuf_bar_is_64(0xfff00004));
	EXPECT_TRUE(pcibuf_bar_is_64(0x0000000c));
}

TEST(ports)
{
	EXPECT_EQ(32, pcibuf_bar_size(0xffffffe1, NEXT));
	EXPECT_EQ(32, pcibuf_bar_size(0x0000ffe1, 0));
	EXPECT_EQ(256, pcibuf_bar_size(0x0000ff01, 0));
	EXPECT_FALSE(pcibuf_bar_is_64(0x0000ffe5));
}

TEST_HARNESS_MAIN
