#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A card with all address bits, behind an IOMMU that passes it through.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --iommu pt \
	--append init_on_alloc=0 \
	-- attrs,errors,dma,share,zero,ioctls,life,pinned
