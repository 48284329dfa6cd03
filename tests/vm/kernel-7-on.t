#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The newest kernel in Debian, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm" fast --suite sid \
	--cards edu:64 --iommu on --append init_on_alloc=0 -- dma,modes,share
