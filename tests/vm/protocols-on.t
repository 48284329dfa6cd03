#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Faults, calls and requests that meet the end of a buffer, behind an IOMMU; and a
# card that writes at that moment, which the IOMMU reports.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 384M \
	--iommu on --append init_on_alloc=0 \
	--allow "pcibuf: DEBUG: units of order 9 are still held|DMAR:.*fault" \
	-- protocols,flush
