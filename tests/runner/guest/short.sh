#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# This program ends before its last test.
echo 1..2
echo "ok 1 a test that passes"
