// SPDX-License-Identifier: GPL-2.0-only
/* Properties of this guest that change what a test expects. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

/* With off and with pt, bus addresses are physical addresses. */
bool iommu_translates(void)
{
	const char *mode = getenv("PCIBUF_IOMMU");

	return mode && strcmp(mode, "off") && strcmp(mode, "pt");
}

/*
 * Return the narrowest valid mask of this guest. On QEMU's machine for Arm, memory
 * begins at 1 GiB. The kernel refuses a mask that does not cover its DMA zone, which
 * ends with the memory or at 4 GiB.
 */
unsigned int fewest_bits(void)
{
	const char *arch = getenv("PCIBUF_ARCH");

	return iommu_translates() || !arch || strcmp(arch, "arm64") ? 24 : 32;
}

/* Does the kernel reserve memory (CMA) for dma_alloc_coherent()? */
bool cma_exists(void)
{
	return mem_figure("CmaTotal:");
}

/* Do PMD entries of 2 MiB exist? A kernel with PREEMPT_RT has none. */
bool large_pages_exist(void)
{
	return !access("/sys/kernel/mm/transparent_hugepage", F_OK);
}

/* The module's parameter or the machine can force coherent memory. */
bool coherent_forced(void)
{
	const char *incoherent = getenv("PCIBUF_INCOHERENT");
	char text[8] = "";

	if (incoherent && *incoherent)
		return true;
	attr_read(PARAM_DIR "/coherent", text, sizeof(text));
	return *text == 'Y' || *text == '1';
}

/*
 * Firmware marks external ports, and the kernel does not trust cards there. QEMU's
 * @external is such a port.
 */
static bool is_external(const struct card *card)
{
	char text[16] = "";

	attr_read(pci_attr(card, "removable"), text, sizeof(text));
	return !strcmp(text, "removable");
}

/* Does alloc take coherent memory for this card? */
bool alloc_is_coherent(const struct card *card)
{
	return coherent_forced() || (is_external(card) && iommu_translates());
}

/* Without an IOMMU, the coherent backing allocates blocks of at most 4 MiB. */
bool any_size(void)
{
	return !coherent_forced() || iommu_translates();
}
