#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A card that drives all address bits, without an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 \
	--append init_on_alloc=0 \
	-- attrs,words,errors,dma,map,modes,rw,share,zero,ioctls,perms,life,pinned
