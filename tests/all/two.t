#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two cards that differ, both in use.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu edu:64" \
	-- attrs,errors,dma,share,perms,life
