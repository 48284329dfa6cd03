#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# This program prints no TAP and returns success.
exit 0
