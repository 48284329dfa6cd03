#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Buffers that go while a pipe, a socket or a disk works with their pages. Not
# the debug build: it would wait for them, and complain.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --cards edu:64 \
	--mem 256M --disk "virtio:32M nvme:32M" --append init_on_alloc=0 \
	-- gone,poison
