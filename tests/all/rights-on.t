#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Who may do and know what, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --cards edu:64 --iommu on \
	-- secrets,lockdown
