#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a large buffer costs.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 3G --smp 1 \
	--icount shift=0,sleep=off -- cost
