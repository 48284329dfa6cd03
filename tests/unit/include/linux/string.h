/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PCIBUF_UNIT_LINUX_STRING_H
#define PCIBUF_UNIT_LINUX_STRING_H

#include <string.h>

#endif
