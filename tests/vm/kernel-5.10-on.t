#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Kernel 5.10, of Debian 11, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm" fast --suite bullseye \
	--cards edu:64 --iommu on --append init_on_alloc=0 -- dma,modes,share
