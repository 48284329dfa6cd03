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
 * @align: bytes, a power of two: each bus address is to be a multiple of it; 0 where
 *	the user gave none
 */
struct pcibuf_request {
	u64 size;
	char label[PCIBUF_LABEL_SIZE];
	u64 align;
};

/**
 * enum pcibuf_bad_word - what is wrong with the text of a request
 * @PCIBUF_BAD_TEXT: the text as a whole, or not known
 * @PCIBUF_BAD_SIZE: the size is malformed
 * @PCIBUF_BAD_LABEL: the label is malformed
 * @PCIBUF_BAD_EXTRA: a word after the label is no key=value
 * @PCIBUF_BAD_KEY: there is no such key
 * @PCIBUF_BAD_TWICE: a key is given twice
 * @PCIBUF_BAD_ALIGN: the value of align is malformed, zero or too large
 * @PCIBUF_BAD_POWER: the value of align is no power of two
 * @PCIBUF_NR_BAD_WORDS: how many there are
 */
enum pcibuf_bad_word {
	PCIBUF_BAD_TEXT,
	PCIBUF_BAD_SIZE,
	PCIBUF_BAD_LABEL,
	PCIBUF_BAD_EXTRA,
	PCIBUF_BAD_KEY,
	PCIBUF_BAD_TWICE,
	PCIBUF_BAD_ALIGN,
	PCIBUF_BAD_POWER,
	PCIBUF_NR_BAD_WORDS
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
			 struct pcibuf_request *request,
			 enum pcibuf_bad_word *bad);
int pcibuf_parse_size(const char *text, size_t len, u64 *size);
int pcibuf_parse_name(const char *text, size_t len,
		      char name[PCIBUF_LABEL_SIZE]);
int pcibuf_parse_id(const char *text, size_t len, struct pcibuf_id *id);

#endif /* PCIBUF_PARSE_H */
