#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: the tests of the source package, as Debian runs them, by autopkgtest
# itself. The guest has no network, but an archive of our packages, and an edu card of
# 64 bits.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh

# autopkgtest's exit status would be 2 where a test was skipped.
run_tests() {
	autopkgtest --no-built-binaries /payload/source -- null >/tmp/log 2>&1
}

passed() {
	grep -E "^$1 +PASS" /tmp/log
}

check "apt knows the packages" /payload/tests/system/add-archive.sh
check "all tests of the source package pass" run_tests
check "... that of what is installed" passed installed
check "... that of a card" passed card
sed 's/^/# /' /tmp/log
# The one that autopkgtest-pkg-dkms in debian/control stands for.
check "DKMS's own test passes" says "I: PASS" \
	/usr/lib/dkms/dkms-autopkgtest pcibuf-dkms
finish
