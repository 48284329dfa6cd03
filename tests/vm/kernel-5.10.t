#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Kernel 5.10, of Debian 11, without an IOMMU. In a cgroup: what is charged to one
# cannot be mapped there.
exec "$(dirname "$0")/../../scripts/vm" fast --suite bullseye \
	--cards edu:64 --mem 3G --cgroup --append init_on_alloc=0 \
	-- faults,dma,map,modes,rw,share,perms,life
