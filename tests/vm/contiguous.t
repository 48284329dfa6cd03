#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A stock kernel without an IOMMU, its memory half taken and broken up.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 2G \
	--append init_on_alloc=0 --disk ext4:512M -- steps,contiguous
