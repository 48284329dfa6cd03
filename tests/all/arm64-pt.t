#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Arm's IOMMU in passthrough: bus addresses are those of memory again.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --suite bookworm-arm64 \
	--cards edu:64 --iommu pt --append init_on_alloc=0 -- attrs,dma,modes,share
