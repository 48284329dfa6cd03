#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Anything by anybody, for a while; make fuzz does it for hours.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu:64 edu" \
	--append slab_nomerge -- stress
