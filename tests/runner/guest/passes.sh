#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# This program passes. It writes a warning to the kernel log that --allow accepts.
echo "WARNING: announced" >/dev/kmsg
echo "ok 1 a test that passes"
echo "ok 2 a test that is skipped # SKIP no reason"
echo 1..2
