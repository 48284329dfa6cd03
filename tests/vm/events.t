#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What can happen to a card, in all states that its buffers can be in. Not the
# debug build: it would wait for those who hold pages, and complain.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --cards edu:64 \
	--mem 384M --hotplug native --modules "pci-stub aer_inject" \
	--append init_on_alloc=0 -- events
