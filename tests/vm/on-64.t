#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A card that drives all address bits, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --iommu on \
	--append init_on_alloc=0 \
	-- attrs,errors,dma,map,modes,share,zero,ioctls,life
