#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The machine is switched off while buffers are in use in all ways.
here=$(dirname "$0")
edu=edu:64
"$here/../../scripts/vm/vm" fast --release --mem 512M --cards \
	"$edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu" \
	--append init_on_alloc=0 --trace pci_cfg_write -- shutdown |
	awk -f "$here/lib-trace.awk" -f "$here/shutdown.awk"
