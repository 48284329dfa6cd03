#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# events.t in the newest kernel of Debian 12 that checks its memory and its locks.
PCIBUF_SUITE=debug-6.12 exec "$(dirname "$0")/../vm/events.t"
