#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# More than there is, in a machine and in a cgroup.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 --mem 1G --cgroup \
	-- limits
