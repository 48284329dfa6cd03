/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA: what the platform does between a card and memory.
 */
#ifndef PCIBUF_DMA_H
#define PCIBUF_DMA_H

#include <linux/device.h>
#include <linux/mm_types.h>

bool pcibuf_dma_translated(struct device *dev);
bool pcibuf_dma_wants_coherent(struct device *dev, bool contiguous);
u64 pcibuf_dma_limit(struct device *dev);
unsigned long pcibuf_dma_end_pfn(struct device *dev);
unsigned long pcibuf_dma_pfn_shift(struct device *dev);
bool pcibuf_dma_capable(struct device *dev, struct page *page, size_t bytes);
bool pcibuf_dma_bounces(struct device *dev, struct page *page);
void pcibuf_dma_flush(struct device *dev);

#endif /* PCIBUF_DMA_H */
