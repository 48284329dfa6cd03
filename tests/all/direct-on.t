#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Disks, pipes and sockets that work with the pages of buffers, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 512M \
	--iommu on --disk "virtio:32M nvme:32M" --append init_on_alloc=0 \
	-- direct,uring,zerocopy,rw,copy
