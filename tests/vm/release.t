#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The module as users get it, without the debug build's checks.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --release \
	-- attrs,dma,share,life
