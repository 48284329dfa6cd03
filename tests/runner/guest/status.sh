#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# This program passes its tests and then returns a failure.
echo 1..1
echo "ok 1 a test that passes"
exit 3
