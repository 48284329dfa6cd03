#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Kernel 6.12, of Debian 13, without an IOMMU.
exec "$(dirname "$0")/../../scripts/vm" fast --suite trixie \
	--cards edu:64 --mem 3G --append init_on_alloc=0 \
	-- steps,faults,dma,map,modes,rw,share,perms,life
