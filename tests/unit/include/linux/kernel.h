/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PCIBUF_UNIT_LINUX_KERNEL_H
#define PCIBUF_UNIT_LINUX_KERNEL_H

#include_next <linux/kernel.h>
#include <stdio.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* As in the kernel: the smaller of two values of one type. */
#ifndef min
#define min(a, b) ({ \
	__typeof__(a) min_a = (a); \
	__typeof__(b) min_b = (b); \
	(void)(&min_a == &min_b); \
	min_a < min_b ? min_a : min_b; })
#endif

#endif
