#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What can happen to a card behind an IOMMU; what it still writes is reported.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --cards edu:64 \
	--mem 384M --hotplug native --modules "pci-stub aer_inject" --iommu on \
	--allow "DMAR:.*fault" --append init_on_alloc=0 -- events
