#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Cards of 32 address bits on Arm, with memory from 1 to 7 GiB.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --suite bookworm-arm64 \
	--cards "edu:64 edu:32 edu:32" --mem 6G --timeout 900 -- masks
