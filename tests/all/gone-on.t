#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Buffers that go while somebody works with their pages, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --cards edu:64 \
	--mem 256M --iommu on --disk "virtio:32M nvme:32M" \
	--append init_on_alloc=0 -- gone
