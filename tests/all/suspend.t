#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The machine sleeps while buffers are in use in all ways, each of a card of its own.
top=$(dirname "$0")/../..
edu=edu:64
"$top/scripts/vm/vm" fast --release --mem 512M --cards \
	"$edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu" \
	--append init_on_alloc=0 --trace pci_cfg_write -- suspend |
	awk -f "$top/tests/vm/lib-trace.awk" -f "$top/tests/vm/suspend.awk" \
		-f "$top/tests/vm/lib-result.awk"
