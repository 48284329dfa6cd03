#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The same on the newest kernel.
PCIBUF_SUITE=sid exec "$(dirname "$0")/../vm/protocols-on.t"
