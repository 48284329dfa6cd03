#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Allocations that fail, without an IOMMU. So few minor numbers that one that was not
# given back is missed.
# One that what watches DMA makes for itself may be among them: it says so. Not those
# of ACPI, which looks for a card's interrupt: it uses a table after it freed it.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --suite debug --cards edu:64 \
	--modargs nr_minors=8 --append "init_on_alloc=0 page_owner=on acpi=noirq" \
	--allow "cacheline tracking ENOMEM" --timeout 3600 -- inject,injectcalls,injectlife
