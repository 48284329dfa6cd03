#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest. Tests the tools as a user uses them, with an edu card of 64 bits and
# an e1000e behind an IOMMU. apt installs pcibuf-tools. The module comes from the payload,
# and is copied to the place where DKMS installs it.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh
# shellcheck source=tests/system/doctor.sh
. /payload/tests/system/doctor.sh
# shellcheck source=tests/system/examples.sh
. /payload/tests/system/examples.sh
# shellcheck source=tests/system/json.sh
. /payload/tests/system/json.sh

edu=$(nth_card 1234:11e8 1)
net=$(nth_card 8086:10d3 1)

install_tools() {
	/payload/tests/system/add-archive.sh &&
		DEBIAN_FRONTEND=noninteractive apt-get -qy install pcibuf-tools
}

make_users() {
	useradd -m alice && useradd -m bob
}

check "a machine with users" make_users
check "the tools install without the module" install_tools
test_module_faults
test_system_faults
test_examples
test_registers
test_json
test_signatures
finish
