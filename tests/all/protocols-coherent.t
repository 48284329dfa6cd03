#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Calls and requests that meet the end of a buffer of coherent memory.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 384M \
	--modargs coherent=1 --append init_on_alloc=0 -- protocols
