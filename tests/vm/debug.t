#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A kernel that checks its memory, its locks and what is mapped for devices.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --suite debug --cards edu:64 \
	--append init_on_alloc=0 -- dma,share
