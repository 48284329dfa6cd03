#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest. Runs the tests of the source package with autopkgtest, as Debian
# does. The guest has no network, but it has an archive of our packages, and an edu card
# of 64 bits.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh

# If a test is skipped, the exit status of autopkgtest is 2, and this test fails.
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
# debian/control selects this test with autopkgtest-pkg-dkms.
check "DKMS's own test passes" says "I: PASS" \
	/usr/lib/dkms/dkms-autopkgtest pcibuf-dkms
finish
