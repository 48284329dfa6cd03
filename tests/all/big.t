#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Buffers of 8 GiB, behind an IOMMU and past it.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 12G --iommu on \
	-- big
