#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A disk that writes into buffers, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm" fast --cards edu:64 --disk virtio:32M \
	--iommu on --append init_on_alloc=0 -- direct,rw
