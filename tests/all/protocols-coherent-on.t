#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Calls and requests that meet the end of a buffer of coherent memory, behind an
# IOMMU; and a card that writes at that moment, which the IOMMU reports.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 384M --iommu on \
	--modargs coherent=1 --append init_on_alloc=0 --allow "DMAR:.*fault" \
	-- protocols,flush
