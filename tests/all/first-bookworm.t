#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The README's first five minutes and three reboots, on a whole Debian of this name.
exec "$(dirname "$0")/../system/first" bookworm
