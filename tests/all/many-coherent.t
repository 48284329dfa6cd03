#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Many buffers, and many times, from dma_alloc_coherent.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --modargs coherent=1 \
	-- churn,mixture
