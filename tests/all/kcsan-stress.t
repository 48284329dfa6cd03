#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stress.t where two who touch the same memory at once are seen.
PCIBUF_SUITE=kcsan exec "$(dirname "$0")/../vm/stress.t"
