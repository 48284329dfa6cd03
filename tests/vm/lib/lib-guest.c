// SPDX-License-Identifier: GPL-2.0-only
/* What kind of guest this is, as far as it matters for what to expect. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

/* off and pt both mean that bus addresses are those of memory. */
bool iommu_translates(void)
{
	const char *mode = getenv("PCIBUF_IOMMU");

	return mode && strcmp(mode, "off") && strcmp(mode, "pt");
}

/*
 * The narrowest mask that a card may have here. On QEMU's machine for Arm memory
 * begins at 1 GiB, and the kernel takes no mask that misses some of its DMA zone,
 * which ends with the memory or at 4 GiB.
 */
unsigned int fewest_bits(void)
{
	const char *arch = getenv("PCIBUF_ARCH");

	return iommu_translates() || !arch || strcmp(arch, "arm64") ? 24 : 32;
}

/* Does the kernel keep memory for dma_alloc_coherent()? */
bool cma_exists(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "CmaTotal: %lu", &kib);
	if (file)
		fclose(file);
	return kib;
}

/* Entries of 2 MiB; a kernel with PREEMPT_RT has none. */
bool large_pages_exist(void)
{
	return !access("/sys/kernel/mm/transparent_hugepage", F_OK);
}

/* By the module's parameter, or by the machine. */
bool coherent_forced(void)
{
	const char *incoherent = getenv("PCIBUF_INCOHERENT");
	char text[8] = "";

	if (incoherent && *incoherent)
		return true;
	attr_read(PARAM_DIR "/coherent", text, sizeof(text));
	return *text == 'Y' || *text == '1';
}

/* What firmware calls external is not trusted; QEMU's @external is such a port. */
static bool is_external(const struct card *card)
{
	char text[16] = "";

	attr_read(pci_attr(card, "removable"), text, sizeof(text));
	return !strcmp(text, "removable");
}

/* The backing of what alloc makes for this card. */
bool alloc_is_coherent(const struct card *card)
{
	return coherent_forced() || (is_external(card) && iommu_translates());
}

/* Without an IOMMU the coherent backing has blocks of at most 4 MiB. */
bool any_size(void)
{
	return !coherent_forced() || iommu_translates();
}
