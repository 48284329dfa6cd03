#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Allocations that fail, without an IOMMU. So few minor numbers that one that was not
# given back is missed.
exec "$(dirname "$0")/../../scripts/vm" fast --suite debug --cards edu:64 \
	--modargs nr_minors=8 --append "init_on_alloc=0 page_owner=on" -- inject,injectcalls,injectlife
