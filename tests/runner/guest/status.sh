#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Passes its tests and then fails.
echo 1..1
echo "ok 1 a test that passes"
exit 3
