#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A card on Arm is taken out under a mapping, and found again, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm" fast --suite bookworm-arm64 \
	--cards edu:64 --iommu on -- hotplug
