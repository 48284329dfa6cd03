#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Cards with few address bits in a machine with 6 GiB, without an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu:64 edu edu:32" \
	--mem 6G -- masks
