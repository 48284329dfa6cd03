#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two cards that ask for ranges at once, while memory comes and goes.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu:64 edu:64" --mem 2G \
	-- race
