#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Arm, with a device tree that does not call the PCI host cache-coherent, without an
# IOMMU. This shows that the driver finds out, that all it promises holds with what
# it takes then, and that nobody maps that memory with caches. It cannot show that
# caches would have been in the way: emulation has none.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --suite bookworm-arm64 \
	--incoherent --also "$(dirname "$0")/../vm/attributes" \
	--cards edu:64 --append init_on_alloc=0 \
	-- natural,attrs,errors,dma,map,modes,rw,share,zero,ioctls,perms,life
