#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest. Tests the life of the packages on a machine, in this order: headers
# that are installed late; upgrades while the module is idle, in use and mapped; a module
# that does not compile; a downgrade; another kernel; two versions in DKMS; reinstall;
# remove; purge. The guest has two edu cards of 64 bits.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh
# shellcheck source=tests/system/install.sh
. /payload/tests/system/install.sh
# shellcheck source=tests/system/upgrade.sh
. /payload/tests/system/upgrade.sh
# shellcheck source=tests/system/kernels.sh
. /payload/tests/system/kernels.sh

export DEBIAN_FRONTEND=noninteractive INITRD=No
payload=/payload
kernel=$(uname -r)
a=$(nth_card 1234:11e8 1)
b=$(nth_card 1234:11e8 2)
version=$(dpkg-deb -f "$payload"/deb/pcibuf-dkms_*.deb Version)

inventory >/tmp/before
test_headers
test_idle
test_in_use
test_broken
test_downgrade
test_next_kernel
test_side_by_side
test_reinstall
test_remove
finish
