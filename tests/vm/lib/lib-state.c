// SPDX-License-Identifier: GPL-2.0-only
/* The visible state of a card, as one text that can be compared. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib-scene.h"

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Print names without the number of the node, which changes each time. */
static void print_names(FILE *out, const char *dir, const char *prefix)
{
	struct dirent **found;
	int i, count = scandir(dir, &found, visible, alphasort);

	fprintf(out, "\n%s:", dir);
	for (i = 0; i < count; i++) {
		char *name = found[i]->d_name;

		if (!strncmp(name, "pcibuf", 6))
			name[strcspn(name, "0123456789")] = '\0';
		if (!strncmp(name, prefix, strlen(prefix)))
			fprintf(out, " %s", name);
		free(found[i]);
	}
	if (count >= 0)
		free(found);
}

static void print_value(FILE *out, const char *path)
{
	char text[64] = "";
	int err = attr_read(path, text, sizeof(text));

	fprintf(out, "\n%s: %s", strrchr(path, '/'), err ? strerror(err) : text);
}

static void print_owner(FILE *out, const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		fprintf(out, "\n%s of %u", path, st.st_gid);
}

/* Print the values and the owners of the card's files. */
static void print_card(FILE *out, const struct card *card)
{
	static const char * const values[] = {
		"allocated_bytes", "nr_buffers", "dma_mask_bits", "max_bytes",
		"max_buffers", "gid",
	};
	static const char * const owned[] = {
		"alloc", "alloc_sg", "free", "last_error", "",
	};
	unsigned int i;

	for (i = 0; i < sizeof(values) / sizeof(*values); i++)
		print_value(out, card_attr(card, values[i]));
	for (i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		print_owner(out, card_attr(card, owned[i]));
}

/* Return the state that a failed request must not change. The caller frees the text. */
char *card_state(const struct card *card)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "bus master: %d", card_is_master(card));
	print_value(out, pci_attr(card, "enable"));
	print_value(out, pci_attr(card, "dma_mask_bits"));
	print_value(out, pci_attr(card, "consistent_dma_mask_bits"));
	print_names(out, "/sys/module", "pcibuf");
	print_names(out, "/sys/class", "pcibuf");
	print_names(out, PCI_DIR "/drivers", "pcibuf");
	print_names(out, "/dev", "pcibuf");
	print_names(out, BUFFERS_DIR, "");
	print_names(out, CARDS_DIR, "");
	print_names(out, card_attr(card, "buffers"), "");
	if (!access(card_attr(card, ""), F_OK))
		print_card(out, card);
	fclose(out);
	return text;
}
