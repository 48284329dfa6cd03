#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Anything by anybody, with memory from dma_alloc_coherent.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu:64 edu" \
	--modargs coherent=1 --append "slab_nomerge STRESS_SECONDS=120" \
	--timeout 900 -- stress
