#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A platform that was told to copy all that devices transfer.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 \
	--append swiotlb=force -- bounce
