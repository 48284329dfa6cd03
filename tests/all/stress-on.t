#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Anything by anybody, behind an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu:64 edu" --iommu on \
	--append "slab_nomerge STRESS_SECONDS=120" --timeout 900 -- stress
