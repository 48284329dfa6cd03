/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parser: the text that users write to sysfs files and module parameters.
 *
 * Pure: no state, no allocation, no lock and no kernel interface but types, so that
 * tests/unit compiles it on the host.
 */
#ifndef PCIBUF_PARSE_H
#define PCIBUF_PARSE_H

#include <linux/types.h>

#include "uapi/pcibuf.h"

/**
 * struct pcibuf_request - request to allocate a buffer, parsed from the text that
 *	was written to alloc or alloc_sg
 * @size: bytes as written, at least 1, not yet rounded up to pages
 * @label: label of the buffer on its card; empty where the user gave none
 */
struct pcibuf_request {
	u64 size;
	char label[PCIBUF_LABEL_SIZE];
};

/**
 * struct pcibuf_id - one entry of the module parameter ids
 * @vendor: PCI vendor id
 * @device: PCI device id
 * @subvendor: PCI subsystem vendor id; %PCIBUF_ANY_ID matches every id
 * @subdevice: PCI subsystem id; %PCIBUF_ANY_ID matches every id
 */
struct pcibuf_id {
	u32 vendor;
	u32 device;
	u32 subvendor;
	u32 subdevice;
};

/* The value of the PCI core's PCI_ANY_ID. The host does not have that name. */
#define PCIBUF_ANY_ID	(~0U)

int pcibuf_parse_request(const char *text, size_t len,
			 struct pcibuf_request *request);
int pcibuf_parse_size(const char *text, size_t len, u64 *size);
int pcibuf_parse_name(const char *text, size_t len,
		      char name[PCIBUF_LABEL_SIZE]);
int pcibuf_parse_id(const char *text, size_t len, struct pcibuf_id *id);

#endif /* PCIBUF_PARSE_H */
