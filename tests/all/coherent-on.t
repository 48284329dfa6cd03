#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Memory from dma_alloc_coherent behind an IOMMU: pages from anywhere.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --iommu on \
	--modargs coherent=1 --append init_on_alloc=0 \
	-- attrs,errors,dma,map,modes,share,zero,ioctls,life
