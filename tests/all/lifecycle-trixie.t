#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# From headers that come late to purge, on a whole Debian of this name.
exec "$(dirname "$0")/../system/lifecycle" trixie
