/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text that people write to sysfs and to module parameters.
 *
 * Pure: no state, no allocation, nothing of the kernel but its types, so that
 * tests/unit compiles it on the host.
 */
#ifndef PCIBUF_PARSE_H
#define PCIBUF_PARSE_H

#include <linux/types.h>

#include "uapi/pcibuf.h"

/**
 * struct pcibuf_request - what was written to alloc or alloc_sg
 * @size: bytes as written, at least 1, not yet rounded to pages
 * @label: name on its card, empty where none was given
 */
struct pcibuf_request {
	u64 size;
	char label[PCIBUF_LABEL_SIZE];
};

/**
 * struct pcibuf_id - one entry of the module parameter ids
 * @vendor: PCI vendor
 * @device: PCI device
 * @subvendor: PCI subsystem vendor, %PCIBUF_ANY_ID where it does not matter
 * @subdevice: PCI subsystem device, likewise
 */
struct pcibuf_id {
	u32 vendor;
	u32 device;
	u32 subvendor;
	u32 subdevice;
};

/* The same as the PCI core's PCI_ANY_ID, which the host does not have. */
#define PCIBUF_ANY_ID	(~0U)

int pcibuf_parse_request(const char *text, size_t len,
			 struct pcibuf_request *request);
int pcibuf_parse_size(const char *text, size_t len, u64 *size);
int pcibuf_parse_name(const char *text, size_t len,
		      char name[PCIBUF_LABEL_SIZE]);
int pcibuf_parse_id(const char *text, size_t len, struct pcibuf_id *id);

#endif /* PCIBUF_PARSE_H */
