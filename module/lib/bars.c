// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bars: sizes of the base address registers (BARs) of a card.
 */
#include "lib/bars.h"

/* PCI 3.0, 6.2.5.1: the low bits of a register tell its kind. */
#define IS_IO		0x1u
#define IO_KIND		0x3u
#define IO_UPPER	0xffff0000u
#define MEMORY_KIND	0xfu
#define MEMORY_WIDTH	0x7u
#define MEMORY_64	0x4u

/**
 * pcibuf_bar_is_64() - does the next register belong to this one?
 * @low: value of the register
 *
 * Return: true for memory with an address of 64 bits.
 */
bool pcibuf_bar_is_64(u32 low)
{
	return (low & MEMORY_WIDTH) == MEMORY_64;
}

/**
 * pcibuf_bar_size() - size that a register asks for
 * @low: what the register holds after all ones were written to it
 * @high: the same of the next register
 *
 * Of the address, a register keeps only the bits that the card decodes. The upper half of
 * an I/O register may be missing.
 *
 * Return: bytes, a power of two; 0 where there is no such register.
 */
u64 pcibuf_bar_size(u32 low, u32 high)
{
	u64 bits;

	if (low & IS_IO)
		bits = (low & ~IO_KIND) | IO_UPPER;
	else if (pcibuf_bar_is_64(low))
		bits = (low & ~MEMORY_KIND) | (u64)high << 32;
	else
		bits = low & ~MEMORY_KIND;
	return bits & -bits;
}
