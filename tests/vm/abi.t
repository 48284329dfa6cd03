#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# sysfs-doc/ and the live tree; e1000e has a serial number to show.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu e1000e" -- abi,attrs,load
