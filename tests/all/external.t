#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A card in an external port, which the kernel does not trust.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64@external --iommu on \
	--append init_on_alloc=0 -- platform,attrs,errors,dma,share,zero,ioctls
