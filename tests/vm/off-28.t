#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The default card, which drives 28 address bits, without an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu \
	--append init_on_alloc=0 \
	-- attrs,words,errors,dma,map,modes,rw,share,zero,ioctls,perms,life
