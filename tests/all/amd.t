#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Behind AMD's IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64@root --iommu amd \
	--append init_on_alloc=0 -- platform,attrs,errors,dma,share,zero,ioctls
