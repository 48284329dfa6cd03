/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a request failed, in words.
 */
#ifndef PCIBUF_WHY_H
#define PCIBUF_WHY_H

#include "memory/memory.h"

/* Bytes, with the final NUL. */
#define PCIBUF_WHY_SIZE		512

/**
 * struct pcibuf_failure - a request that failed
 * @verb: the attribute that was written
 * @text: what was written
 * @len: its length
 * @error: a negative errno
 * @demand: the allocation; NULL where it was none
 * @pool: of the card
 */
struct pcibuf_failure {
	const char *verb;
	const char *text;
	size_t len;
	int error;
	const struct pcibuf_demand *demand;
	struct pcibuf_pool *pool;
};

void pcibuf_why(const struct pcibuf_failure *failure,
		char words[PCIBUF_WHY_SIZE]);

#endif /* PCIBUF_WHY_H */
