#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A module that has so few minor numbers that they run out: a million otherwise.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --modargs nr_minors=4 -- minors
