#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Kernel 6.12, of Debian 13, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm" fast --suite trixie \
	--cards edu:64 --iommu on --append init_on_alloc=0 -- dma,modes,share
