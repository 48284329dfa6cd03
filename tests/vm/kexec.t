#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Another kernel takes over while buffers are in use in all ways.
edu=edu:64
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --mem 512M --kexec --cards \
	"nvme $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu $edu" \
	--append init_on_alloc=0 -- kexec
