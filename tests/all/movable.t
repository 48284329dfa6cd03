#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Much of the memory in ZONE_MOVABLE, and charged to a cgroup not the root.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 2G --cgroup \
	--append "init_on_alloc=0 movablecore=1G" \
	-- errors,dma,map,modes,rw,share,zero,life,cgroup,zones
