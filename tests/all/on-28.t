#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The default card behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu --iommu on \
	--append init_on_alloc=0 \
	-- attrs,errors,dma,map,modes,share,zero,ioctls,life
