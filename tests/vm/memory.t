#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the memory manager does to mappings, and what mappings cost it.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 3G \
	--append init_on_alloc=0 -- faults,calls,workers,advice,moved,seen
