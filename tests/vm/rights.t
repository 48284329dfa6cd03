#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Who may do and know what, and a kernel that is locked down in the end.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --release --cards edu:64 -- secrets,lockdown
