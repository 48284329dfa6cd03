#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The newest kernel in Debian, without an IOMMU.
exec "$(dirname "$0")/../../scripts/vm" fast --suite sid \
	--cards edu:64 --mem 3G --append "init_on_alloc=0 cma=64M" \
	-- faults,dma,map,modes,rw,share,perms,life,cma
