#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Ten thousand buffers that end in all ways, and whether their memory is ever seen
# again by who had it.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --mem 256M \
	--cards "edu:64 edu:64" --append "init_on_alloc=0 REUSE_ROUNDS=10000" \
	--timeout 3600 -- reuse
