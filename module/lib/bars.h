/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bars: sizes of the base address registers (BARs) of a card.
 *
 * Pure: no access to a card, so that tests/unit compiles it on the host.
 */
#ifndef PCIBUF_BARS_H
#define PCIBUF_BARS_H

#include <linux/types.h>

bool pcibuf_bar_is_64(u32 low);
u64 pcibuf_bar_size(u32 low, u32 high);

#endif /* PCIBUF_BARS_H */
