/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Minor numbers: one space of numbers for all nodes of the driver. A number is the M of
 * the node's name, and is not used again soon.
 */
#ifndef PCIBUF_MINORS_H
#define PCIBUF_MINORS_H

#include <linux/types.h>

int pcibuf_minors_init(void);
void pcibuf_minors_exit(void);
int pcibuf_minor_reserve(void);
int pcibuf_minor_choose(dev_t *devt);
void pcibuf_minor_free(dev_t devt);

#endif /* PCIBUF_MINORS_H */
