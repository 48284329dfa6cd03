#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two memory nodes, and a card at the second.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64@node1 --numa 2 --mem 3G \
	-- numa
