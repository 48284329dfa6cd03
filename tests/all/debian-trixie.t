#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What tests/system/debian.t runs, on trixie.
PCIBUF_SUITE=trixie exec "$(dirname "$0")/../system/debian.t"
