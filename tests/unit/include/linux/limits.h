/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PCIBUF_UNIT_LINUX_LIMITS_H
#define PCIBUF_UNIT_LINUX_LIMITS_H

#include_next <linux/limits.h>
#include <linux/types.h>

#define U64_MAX	((u64)~0ULL)
#define S64_MAX	((s64)(U64_MAX >> 1))

#endif
