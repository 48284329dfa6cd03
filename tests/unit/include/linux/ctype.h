/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PCIBUF_UNIT_LINUX_CTYPE_H
#define PCIBUF_UNIT_LINUX_CTYPE_H

#include <ctype.h>

#endif
