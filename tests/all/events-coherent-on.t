#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The same with coherent memory behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --cards edu:64 \
	--mem 384M --hotplug native --modules "pci-stub aer_inject" --iommu on \
	--allow "DMAR:.*fault" --modargs coherent=1 --append init_on_alloc=0 -- events
