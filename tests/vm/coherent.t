#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Memory from dma_alloc_coherent, as for cards that are not cache-coherent.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu --modargs coherent=1 \
	--append init_on_alloc=0 \
	-- attrs,words,errors,dma,map,modes,rw,share,zero,ioctls,perms,life
