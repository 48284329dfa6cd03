// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare sysfs-doc/ with the live tree. sysfs-doc/ is in the kernel's format, and the
 * guest has it as /sysfs-doc. Every file of the tree is documented, every documented
 * file exists, and the modes are equal.
 */
#include <kselftest_harness.h>

#include <ctype.h>
#include <dirent.h>
#include <sys/stat.h>

#include "lib.h"

#define DOC_DIR		"/sysfs-doc"
#define MAX_ENTRIES	128
#define NO_MODE		(-1)

/* A file, named by the kind of its directory and its own name, as "card/alloc". */
struct entry {
	char name[128];
	int mode;
};

struct list {
	struct entry entries[MAX_ENTRIES];
	unsigned int count;
};

FIXTURE(abi) {
	struct card card;
	struct list live;
	struct list doc;
};

static struct entry *find(struct list *list, const char *name)
{
	unsigned int i;

	for (i = 0; i < list->count; i++)
		if (!strcmp(list->entries[i].name, name))
			return &list->entries[i];
	return NULL;
}

static void add(struct list *list, const char *name, int mode)
{
	struct entry *entry = find(list, name);

	if (!entry && list->count < MAX_ENTRIES) {
		entry = &list->entries[list->count++];
		snprintf(entry->name, sizeof(entry->name), "%s", name);
	}
	entry->mode = mode;
}

/* Is this a file of the device core, or the directory of a child device? */
static bool is_of_the_core(const char *name)
{
	static const char * const names[] = {
		"power", "subsystem", "uevent", "dev", "device",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return *name == '.' || !strncmp(name, "pcibuf_irq", 10) ||
	       (!strncmp(name, "pcibuf", 6) && isdigit((unsigned char)name[6]));
}

static int add_directory(struct list *list, const char *kind, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!is_of_the_core(name) && !fstatat(dirfd(dir), name, &st, 0))
			add(list, pathf("%s/%s", kind, name),
			    st.st_mode & 07777);
	}
	if (dir)
		closedir(dir);
	return dir ? 0 : ENOENT;
}

/*
 * The name of "/sys/class/pcibuf_card/<any name>/alloc" is card/alloc, and so on. A file
 * below a directory of a card counts as that directory.
 */
static const char *entry_name(char *path)
{
	static const char * const places[][2] = {
		{ CARDS_DIR "/", "card" }, { BUFFERS_DIR "/", "buffer" },
		{ IRQS_DIR "/", "irq" },
	};
	unsigned int i;
	char *name;

	name = strchr(path, '\0');
	while (name > path && isspace((unsigned char)name[-1]))
		*--name = '\0';
	if (!strncmp(path, PARAM_DIR "/", sizeof(PARAM_DIR)))
		return pathf("module/%s", path + sizeof(PARAM_DIR));
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		size_t len = strlen(places[i][0]);

		if (strncmp(path, places[i][0], len))
			continue;
		name = strchr(path + len, '/');
		if (!name || !name[1])
			return NULL;
		name++;
		if (strchr(name, '/'))
			*strchr(name, '/') = '\0';
		return pathf("%s/%s", places[i][1], name);
	}
	return NULL;
}

/*
 * An "Access:" line follows a "What:" line. Several "What:" lines may share one
 * "Access:" line.
 */
static int add_document(struct list *list, const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int first = list->count, mode, i;
	const char *name;
	char line[512];
	int wrong = 0;

	while (file && fgets(line, sizeof(line), file)) {
		char *text = line + strspn(line, " \t");

		if (!strncmp(text, "What:", 5)) {
			name = entry_name(text + 5 + strspn(text + 5, " \t"));
			if (name)
				add(list, name, NO_MODE);
			else
				wrong += printf("# %s: %s\n", path, line);
		} else if (sscanf(text, "Access: %o", &mode) == 1) {
			for (i = first; i < list->count; i++)
				list->entries[i].mode = mode;
			first = list->count;
		}
	}
	if (file)
		fclose(file);
	return !file || wrong;
}

static int add_documents(struct list *list)
{
	DIR *dir = opendir(DOC_DIR);
	struct dirent *entry;
	int wrong = 0, files = 0;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		files++;
		wrong += add_document(list, pathf(DOC_DIR "/%s",
						  entry->d_name));
	}
	if (dir)
		closedir(dir);
	return wrong + !files;
}

/* A card with a serial number has one more file. */
static int add_serial(struct list *list)
{
	struct card card;
	int err = card_find_id(0x8086, 0x10d3, 0, &card);

	if (!err)
		err = card_bind(&card);
	if (!err)
		err = add_directory(list, "card", card_attr(&card, ""));
	if (!err)
		err = card_unbind(&card);
	return err;
}

FIXTURE_SETUP(abi)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "alloc", "4K rx"));
	ASSERT_EQ(0, add_directory(&self->live, "card",
				   card_attr(&self->card, "")));
	ASSERT_EQ(0, add_directory(&self->live, "buffer",
				   buf_attr(&self->card, "rx", "")));
	ASSERT_EQ(0, card_write(&self->card, "nr_irqs", "1"));
	ASSERT_EQ(0, add_directory(&self->live, "irq",
				   card_attr(&self->card, "irqs/0/")));
	ASSERT_EQ(0, add_directory(&self->live, "module", PARAM_DIR));
	ASSERT_EQ(0, add_serial(&self->live)) {
		TH_LOG("this wants a guest with an e1000e card");
	}
	ASSERT_EQ(0, add_documents(&self->doc));
}

FIXTURE_TEARDOWN(abi)
{
	EXPECT_EQ(0, card_write(&self->card, "nr_irqs", "0"));
	EXPECT_EQ(0, card_reset(&self->card));
}

/* Is this a switch for tests? Only the test build has it. */
static bool for_tests(const char *name)
{
	return !strcmp(name, "module/contig_steps");
}

TEST_F(abi, what_is_there_is_documented)
{
	const struct entry *entry;

	ASSERT_LT(20, self->live.count);
	for (entry = self->live.entries;
	     entry < self->live.entries + self->live.count; entry++) {
		if (for_tests(entry->name))
			continue;
		EXPECT_NE(NULL, find(&self->doc, entry->name)) {
			TH_LOG("%s is not documented", entry->name);
		}
	}
}

TEST_F(abi, what_is_documented_is_there)
{
	const struct entry *entry;

	ASSERT_LT(20, self->doc.count);
	for (entry = self->doc.entries;
	     entry < self->doc.entries + self->doc.count; entry++) {
		EXPECT_NE(NULL, find(&self->live, entry->name)) {
			TH_LOG("%s is not there", entry->name);
		}
	}
}

TEST_F(abi, modes_are_as_documented)
{
	const struct entry *entry, *live;

	for (entry = self->doc.entries;
	     entry < self->doc.entries + self->doc.count; entry++) {
		live = find(&self->live, entry->name);
		EXPECT_NE(NO_MODE, entry->mode) {
			TH_LOG("%s has no Access: line", entry->name);
		}
		if (!live)
			continue;
		EXPECT_EQ(entry->mode, live->mode) {
			TH_LOG("%s: %04o documented, %04o there", entry->name,
			       entry->mode, live->mode);
		}
	}
}

TEST_HARNESS_MAIN
