// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading and unloading, the module's parameters, and the ways to bind a card: the
 * module binds no card on its own.
 */
#include <kselftest_harness.h>

#include <sys/klog.h>
#include <sys/syscall.h>

#include "lib.h"

#define MODULE		"/pcibuf.ko"
#define DRIVER_DIR	PCI_DIR "/drivers/pcibuf"
#define EDU		"1234:11e8"
#define READ_ALL	3	/* SYSLOG_ACTION_READ_ALL */

FIXTURE(load) {
	struct card card;
};

static int unload(void)
{
	return syscall(SYS_delete_module, "pcibuf", O_NONBLOCK) ? errno : 0;
}

/* Return 0 or the exit status of insmod. */
static int load_with(const char *args)
{
	return system(pathf("insmod " MODULE " %s 2>/dev/null", args));
}

static bool bound(const struct card *card)
{
	return !access(card_attr(card, "alloc"), F_OK);
}

/* Unload the driver, and remove everything that would bind the card to it. */
FIXTURE_SETUP(load)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, attr_write(pci_attr(&self->card, "driver_override"),
				"\n"));
}

/* Load the module as the runner did. */
FIXTURE_TEARDOWN(load)
{
	const char *args = getenv("PCIBUF_MODARGS");

	unload();
	EXPECT_EQ(0, load_with(args ? args : ""));
	EXPECT_EQ(0, card_bind(&self->card));
}

TEST_F(load, takes_no_card_by_itself)
{
	ASSERT_EQ(0, load_with(""));
	EXPECT_EQ(0, access(CARDS_DIR, F_OK));
	EXPECT_EQ(0, access(BUFFERS_DIR, F_OK));
	EXPECT_FALSE(bound(&self->card));
	EXPECT_EQ(0, attr_write(PCI_DIR "/drivers_probe", self->card.bdf));
	EXPECT_FALSE(bound(&self->card));
}

TEST_F(load, driver_override)
{
	ASSERT_EQ(0, load_with(""));
	EXPECT_EQ(0, card_bind(&self->card));
	EXPECT_TRUE(bound(&self->card));
}

TEST_F(load, new_id)
{
	ASSERT_EQ(0, load_with(""));
	EXPECT_EQ(0, attr_write(DRIVER_DIR "/new_id", "1234 11e8"));
	EXPECT_TRUE(bound(&self->card));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, attr_write(DRIVER_DIR "/remove_id", "1234 11e8"));
}

TEST_F(load, ids)
{
	static const char * const good[] = {
		"ids=" EDU, "ids=8086:10d3," EDU, "ids=" EDU ":1af4:1100",
		"ids=" EDU ":1AF4", "ids=abcd:ef01," EDU ":1af4",
	};
	static const char * const others[] = {
		"ids=1234:11e9", "ids=" EDU ":1af4:1101", "ids=" EDU ":1234",
		"ids=8086:10d3", "ids=",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		ASSERT_EQ(0, load_with(good[i]));
		EXPECT_TRUE(bound(&self->card)) {
			TH_LOG("%s", good[i]);
		}
		ASSERT_EQ(0, unload());
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		ASSERT_EQ(0, load_with(others[i]));
		EXPECT_FALSE(bound(&self->card)) {
			TH_LOG("%s", others[i]);
		}
		ASSERT_EQ(0, unload());
	}
}

/* ids= binds the card again after remove and rescan, as for an FPGA reload. */
TEST_F_TIMEOUT(load, ids_after_remove_and_rescan, 60)
{
	ASSERT_EQ(0, load_with("ids=" EDU));
	ASSERT_EQ(0, attr_write(pci_attr(&self->card, "remove"), "1"));
	EXPECT_FALSE(bound(&self->card));
	ASSERT_EQ(0, attr_write(PCI_DIR "/rescan", "1"));
	EXPECT_TRUE(bound(&self->card));
}

static bool log_has(const char *text)
{
	int size = klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
	char *log = calloc(1, size + 1);
	bool found;

	klogctl(READ_ALL, log, size);
	found = strstr(log, text);
	free(log);
	return found;
}

/* The load fails at once, and the log names only the invalid part. */
TEST_F(load, bad_ids)
{
	static const struct {
		const char *args;
		const char *part;
	} cases[] = {
		{ "ids=1234", "\"1234\"" },
		{ "ids=" EDU ",zzzz:0001", "\"zzzz:0001\"" },
		{ "ids=1234:11e8:", "\"1234:11e8:\"" },
		{ "ids=12345:0002", "\"12345:0002\"" },
		{ "ids=0x12:0003", "\"0x12:0003\"" },
		{ "ids=" EDU ",," EDU, "\"\"" },
		{ "ids=*", "\"*\"" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_NE(0, load_with(cases[i].args)) {
			TH_LOG("%s", cases[i].args);
			unload();
		}
		EXPECT_TRUE(log_has(cases[i].part)) {
			TH_LOG("%s", cases[i].part);
		}
		EXPECT_FALSE(bound(&self->card));
	}
}

TEST_F(load, max_total)
{
	ASSERT_EQ(0, load_with("max_total=3M"));
	EXPECT_EQ(3 * MIB, attr_u64(MAX_TOTAL));
	ASSERT_EQ(0, card_bind(&self->card));
	EXPECT_EQ(3 * MIB, attr_u64(card_attr(&self->card, "max_bytes")));
	EXPECT_EQ(EDQUOT, card_write(&self->card, "alloc_sg", "4M rx"));
	EXPECT_EQ(0, card_write(&self->card, "alloc", "1M rx"));
	ASSERT_EQ(0, unload());
	EXPECT_NE(0, load_with("max_total=3Q"));
	EXPECT_NE(0, load_with("max_total=0"));
	/* A quarter of the memory, with a tolerance for the kernel's own memory. */
	ASSERT_EQ(0, load_with(""));
	EXPECT_LE(mem_total() / 4 - 16 * MIB, attr_u64(MAX_TOTAL));
	EXPECT_GE(mem_total() / 4 + 16 * MIB, attr_u64(MAX_TOTAL));
}

TEST_F(load, coherent)
{
	char text[64] = "";

	ASSERT_EQ(0, load_with("coherent=1"));
	ASSERT_EQ(0, card_bind(&self->card));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	EXPECT_EQ(0, attr_read(buf_attr(&self->card, "rx", "backing"), text,
			       sizeof(text)));
	EXPECT_STREQ("coherent", text);
}

/* A descriptor or a mapping keeps the module loaded. A buffer does not. */
TEST_F(load, unload)
{
	struct buf rx;

	ASSERT_EQ(0, load_with(""));
	ASSERT_EQ(0, card_bind(&self->card));
	ASSERT_EQ(0, buf_make(&self->card, "alloc_sg", 64 * KIB, "rx", &rx));
	EXPECT_EQ(EAGAIN, unload());
	close(rx.fd);
	EXPECT_EQ(EAGAIN, unload());
	EXPECT_EQ(0, touch(rx.mem));
	munmap(rx.mem, rx.size);
	EXPECT_EQ(0, unload());
	EXPECT_EQ(-1, access(CARDS_DIR, F_OK));
	EXPECT_EQ(-1, access(BUFFERS_DIR, F_OK));
}

/* A buffer's id of an earlier load is not used again. */
TEST_F(load, ids_of_buffers_after_another_load)
{
	struct pcibuf_info info;
	struct buf rx;
	__u64 ids[4];
	int i, j;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, load_with(""));
		ASSERT_EQ(0, card_bind(&self->card));
		ASSERT_EQ(0, buf_make(&self->card, "alloc", PAGE, "rx", &rx));
		ASSERT_EQ(0, buf_info(rx.fd, &info));
		ids[i] = info.id;
		for (j = 0; j < i; j++)
			EXPECT_NE(ids[j], info.id);
		buf_put(&rx);
		ASSERT_EQ(0, unload());
	}
}

TEST_HARNESS_MAIN
