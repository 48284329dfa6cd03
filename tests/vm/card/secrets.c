// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check who may open each file of the driver in sysfs and /dev: root, a member of the
 * card's group, or every user. Check also that other users find no bus address in files
 * that they can read, in the uevents, or in the kernel's log.
 */
#include <kselftest_harness.h>

#include <ctype.h>
#include <dirent.h>
#include <ftw.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "lib.h"

#define SIZE		(64 * KIB)
#define MAX_BUFFERS	64
#define MAX_FILE	(256 * KIB)	/* bytes searched in each file */

enum who { ROOT = 1, MEMBER = 2, OTHER = 4, ALL = 7 };

static const struct rule {
	const char *name;
	int read;
	int write;
} rules[] = {
	{ "alloc", 0, ROOT | MEMBER },
	{ "alloc_sg", 0, ROOT | MEMBER },
	{ "free", 0, ROOT | MEMBER },
	{ "revoke", 0, ROOT },
	{ "recover", 0, ROOT },
	{ "dma_mask_bits", ALL, ROOT },
	{ "max_bytes", ALL, ROOT },
	{ "max_buffers", ALL, ROOT },
	{ "gid", ALL, ROOT },
	{ "last_error", ROOT | MEMBER, 0 },
	{ "dma_addr", ROOT | MEMBER, 0 },
	{ "segments", ROOT | MEMBER, 0 },
	{ "allocated_bytes", ALL, 0 },
	{ "nr_buffers", ALL, 0 },
	{ "serial", ALL, 0 },
	{ "irq_type", ALL, ROOT },
	{ "nr_irqs", ALL, ROOT },
	{ "vector", ALL, 0 },
	{ "irq", ALL, 0 },
	{ "count", ALL, 0 },
	{ "size", ALL, 0 },
	{ "label", ALL, 0 },
	{ "index", ALL, 0 },
	{ "align", ALL, 0 },
	{ "nr_segments", ALL, 0 },
	{ "backing", ALL, 0 },
	{ "numa_node", ALL, 0 },
	{ "open_count", ALL, 0 },
	{ "dev", ALL, 0 },
	{ "uevent", ALL, ROOT },
	/* In power/, which the device core makes. */
	{ "control", ALL, ROOT },
	{ "autosuspend_delay_ms", ALL, ROOT },
	{ "async", ALL, ROOT },
	{ "wakeup", ALL, ROOT },
	{ "pm_qos_resume_latency_us", ALL, ROOT },
};

FIXTURE(secrets) {
	struct card card;
	char dir[256];		/* of the card, not by a link */
	char name[16];		/* of the buffer */
	__u64 bus;
};

/* nftw() passes no argument, so the callback uses these variables. */
static enum who me;
static int files, wrong;
static char needles[2][32];

/*
 * Is the address unlikely to be another number? Its hex form must have a letter and must
 * not occur in the boot messages of the kernel.
 */
static bool is_distinct(__u64 bus)
{
	char text[32];
	int i, length = snprintf(text, sizeof(text), "%llx", bus);

	for (i = 0; i < length; i++)
		if (isalpha(text[i]))
			return length >= 6 && !lines_with(text);
	return false;
}

FIXTURE_SETUP(secrets)
{
	char *dir;
	int i;

	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "gid", "%d", GID_PCIBUF));
	for (i = 0; i < MAX_BUFFERS && !is_distinct(self->bus); i++) {
		snprintf(self->name, sizeof(self->name), "b%d", i);
		ASSERT_EQ(0, card_write(&self->card, i % 2 ? "alloc" : "alloc_sg",
					"%lu b%d", SIZE, i));
		self->bus = attr_u64(buf_attr(&self->card, self->name,
					      "dma_addr"));
	}
	ASSERT_TRUE(is_distinct(self->bus));
	snprintf(needles[0], sizeof(needles[0]), "%llx", self->bus);
	snprintf(needles[1], sizeof(needles[1]), "%llu", self->bus);
	dir = realpath(card_attr(&self->card, ""), NULL);
	ASSERT_NE(NULL, dir);
	snprintf(self->dir, sizeof(self->dir), "%s", dir);
	free(dir);
	files = 0;
	wrong = 0;
}

FIXTURE_TEARDOWN(secrets)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

static const struct rule *rule_of(const char *name)
{
	static const struct rule readable = { NULL, ALL, 0 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	return &readable;
}

static void check_open(const char *path, int flags, bool may)
{
	int fd = open(path, flags | O_CLOEXEC);
	int err = fd < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (err == (may ? 0 : EACCES))
		return;
	printf("# %s: %s for who is %d: %s\n", path,
	       flags == O_RDONLY ? "read" : "write", me, strerror(err));
	wrong++;
}

static int check_file(const char *path, const struct stat *status, int type,
		      struct FTW *place)
{
	const struct rule *rule = rule_of(path + place->base);

	(void)status;
	if (type != FTW_F)
		return 0;
	files++;
	check_open(path, O_RDONLY, rule->read & me);
	check_open(path, O_WRONLY, rule->write & me);
	return 0;
}

/*
 * Check all files in the card's directory. The directories of the buffers are below it.
 */
static int check_tree(void *arg)
{
	const struct _test_data_secrets *self = arg;
	const char *node = buf_node(&self->card, self->name);

	nftw(self->dir, check_file, 16, FTW_PHYS);
	check_open(node, O_RDONLY, me & (ROOT | MEMBER));
	check_open(node, O_WRONLY, me & (ROOT | MEMBER));
	check_open(node, O_RDWR, me & (ROOT | MEMBER));
	if (files < 30)
		wrong += printf("# only %d files\n", files);
	return !!wrong;
}

TEST_F(secrets, every_file_is_whose_it_should_be)
{
	me = ROOT;
	EXPECT_EQ(0, in_child(check_tree, self));
	me = MEMBER;
	EXPECT_EQ(0, as_user(UID_ALICE, GID_PCIBUF, check_tree, self));
	me = OTHER;
	EXPECT_EQ(0, as_user(UID_BOB, 0, check_tree, self));
}

TEST_F(secrets, node_has_its_owner)
{
	struct stat status;

	ASSERT_EQ(0, stat(buf_node(&self->card, self->name), &status));
	EXPECT_EQ(S_IFCHR | 0660, status.st_mode);
	EXPECT_EQ(0, status.st_uid);
	EXPECT_EQ(GID_PCIBUF, status.st_gid);
}

/* Does the text have the address, as a whole number in any notation? */
static bool tells(const char *text, size_t length)
{
	const char *at, *end = text + length;
	size_t i, size;

	for (i = 0; i < ARRAY_SIZE(needles); i++) {
		size = strlen(needles[i]);
		for (at = text; (at = memmem(at, end - at, needles[i], size));
		     at++) {
			const char *before = at;

			while (before > text && before[-1] == '0')
				before--;
			if ((before == text || !isxdigit(before[-1])) &&
			    (at + size == end || !isxdigit(at[size])))
				return true;
		}
	}
	return false;
}

static char *contents(const char *path, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = malloc(MAX_FILE);
	ssize_t got;

	*length = 0;
	while (fd >= 0 && *length < MAX_FILE) {
		got = read(fd, text + *length, MAX_FILE - *length);
		if (got <= 0)
			break;
		*length += got;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

static int look_into(const char *path, const struct stat *status, int type,
		     struct FTW *place)
{
	size_t length;
	char *text;

	(void)status;
	(void)place;
	if (type != FTW_F)
		return 0;
	text = contents(path, &length);
	files += !!length;
	if (tells(text, length))
		wrong += printf("# %s tells the address\n", path);
	free(text);
	return 0;
}

/* Search the files of /proc itself. Directories there belong to processes. */
static void look_into_proc(void)
{
	static const char * const own[] = {
		"/proc/self/maps", "/proc/self/smaps", "/proc/self/numa_maps",
		"/proc/self/map_files", "/proc/self/mountinfo",
	};
	struct dirent **found;
	struct stat status;
	size_t own_nr;
	int i, count = scandir("/proc", &found, NULL, alphasort);

	for (i = 0; i < count; i++) {
		const char *path = pathf("/proc/%s", found[i]->d_name);

		if (!stat(path, &status) && S_ISREG(status.st_mode))
			look_into(path, NULL, FTW_F, NULL);
		free(found[i]);
	}
	free(found);
	for (own_nr = 0; own_nr < ARRAY_SIZE(own); own_nr++)
		look_into(own[own_nr], NULL, FTW_F, NULL);
}

/* Search the card's PCI device and all below it, the module, the IOMMUs and /proc. */
static int look_around(void *arg)
{
	const struct _test_data_secrets *self = arg;
	char *device = realpath(pci_attr(&self->card, ""), NULL);

	nftw(device, look_into, 16, FTW_PHYS);
	free(device);
	nftw("/sys/module/pcibuf", look_into, 16, FTW_PHYS);
	nftw("/sys/kernel/iommu_groups", look_into, 16, FTW_PHYS);
	nftw("/sys/kernel/debug", look_into, 16, FTW_PHYS);
	look_into_proc();
	printf("# %d files looked into\n", files);
	return wrong || files < 80;
}

TEST_F_TIMEOUT(secrets, others_learn_no_address, 120)
{
	size_t length;
	struct buf buf;
	char *text;

	/* The search works: it finds the address in segments. */
	text = contents(buf_attr(&self->card, self->name, "segments"), &length);
	EXPECT_TRUE(tells(text, length));
	free(text);
	ASSERT_EQ(0, buf_get(&self->card, self->name, SIZE, &buf));
	memset(buf.mem, 0, SIZE);
	EXPECT_EQ(0, as_user(UID_BOB, 0, look_around, self));
	buf_put(&buf);
}

static int files_seen;

static int has_our_name(const char *path, const struct stat *status, int type,
			struct FTW *place)
{
	(void)status;
	(void)type;
	/* gcov has a directory entry for each file that was compiled with it. */
	if (strstr(path, "/debug/gcov/"))
		return 0;
	wrong += !!strstr(path + place->base, "pcibuf");
	files_seen++;
	return 0;
}

TEST_F_TIMEOUT(secrets, nothing_in_debugfs, 120)
{
	EXPECT_EQ(0, nftw("/sys/kernel/debug", has_our_name, 16, FTW_PHYS));
	EXPECT_LT(100, files_seen);
	EXPECT_EQ(0, wrong);
}

static int open_uevents(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int sock = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK,
			  NETLINK_KOBJECT_UEVENT);

	return bind(sock, (void *)&address, sizeof(address)) ? -1 : sock;
}

/* The address of a new buffer is not known before, so look for any likely address. */
TEST_F(secrets, events_tell_no_address)
{
	int sock = open_uevents(), events = 0;
	char text[4096];
	ssize_t got;

	ASSERT_LE(0, sock);
	ASSERT_EQ(0, attr_write(buf_attr(&self->card, self->name, "uevent"),
				"change"));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K new"));
	ASSERT_EQ(0, card_write(&self->card, "free", "new"));
	while ((got = recv(sock, text, sizeof(text), 0)) > 0) {
		events += !!memmem(text, got, "pcibuf", 6);
		EXPECT_FALSE(tells(text, got));
		EXPECT_EQ(NULL, memmem(text, got, "0x", 2));
		EXPECT_EQ(NULL, memmem(text, got, "dma", 3));
	}
	EXPECT_LE(3, events);
	close(sock);
}

/* The log reports failures, but no address. */
TEST_F(secrets, log_tells_no_address)
{
	EXPECT_EQ(0, attr_write(MAX_TOTAL, "1T"));
	EXPECT_EQ(0, card_write(&self->card, "max_bytes", "1T"));
	EXPECT_EQ(ENOMEM, card_write(&self->card, "alloc", "512G big"));
	EXPECT_EQ(0, card_write(&self->card, "revoke", "%s", self->name));
	EXPECT_EQ(0, card_unbind(&self->card));
	EXPECT_EQ(0, lines_with(needles[0]));
	EXPECT_EQ(0, lines_with(needles[1]));
	EXPECT_LE(1, lines_with("512G big"));
	EXPECT_EQ(0, card_bind(&self->card));
}

TEST_HARNESS_MAIN
