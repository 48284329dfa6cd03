#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A program with nothing wrong, but a warning in the log that was announced.
echo "WARNING: announced" >/dev/kmsg
echo "ok 1 a test that passes"
echo "ok 2 a test that is skipped # SKIP no reason"
echo 1..2
