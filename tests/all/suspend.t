#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The machine sleeps while buffers are in use in all ways, each of a card of its own.
edu=edu:64
exec "$(dirname "$0")/../../scripts/vm" fast --release --mem 512M --cards \
	"$edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu" \
	--append init_on_alloc=0 -- suspend
