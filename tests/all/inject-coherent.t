#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Allocations that fail, where memory comes from dma_alloc_coherent, behind an IOMMU.
# One that what watches DMA makes for itself may be among them: it says so, as what
# maps kernel memory for an IOMMU's ranges does. Not those of ACPI, which looks for a
# card's interrupt: it uses a table after it freed it.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --suite debug --cards edu:64 --iommu on \
	--modargs "coherent=1 nr_minors=8" --append "init_on_alloc=0 page_owner=on acpi=noirq" \
	--allow "cacheline tracking ENOMEM|Call Trace" --timeout 3600 -- inject,injectcalls,injectlife
