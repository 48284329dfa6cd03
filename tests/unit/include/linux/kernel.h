/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PCIBUF_UNIT_LINUX_KERNEL_H
#define PCIBUF_UNIT_LINUX_KERNEL_H

#include_next <linux/kernel.h>
#include <stdio.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#endif
