#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What becomes of memory that was a buffer's: parked while the card runs, somebody
# else's afterwards.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --mem 256M \
	--cards "edu:64 edu:64" --append init_on_alloc=0 -- streams,reuse,paused
