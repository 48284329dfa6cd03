#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A disk whose controller reads and writes the pages of buffers.
exec "$(dirname "$0")/../../scripts/vm" fast --cards edu:64 --disk virtio:32M \
	--append init_on_alloc=0 -- direct,rw
