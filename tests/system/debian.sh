#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest. Tests the life of the packages on one machine, from apt install to
# purge. The machine has two edu cards of 64 bits, an e1000e, and another edu card, which
# the test replaces with another card.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh
# shellcheck source=tests/system/install.sh
. /payload/tests/system/install.sh
# shellcheck source=tests/system/installed.sh
. /payload/tests/system/installed.sh
# shellcheck source=tests/system/links.sh
. /payload/tests/system/links.sh
# shellcheck source=tests/system/group.sh
. /payload/tests/system/group.sh
# shellcheck source=tests/system/restore.sh
. /payload/tests/system/restore.sh
# shellcheck source=tests/system/twins.sh
. /payload/tests/system/twins.sh

payload=/payload
a=$(nth_card 1234:11e8 1)
b=$(nth_card 1234:11e8 2)
spare=$(nth_card 1234:11e8 3)
net=$(nth_card 8086:10d3 1)

no_stale_name() {
	"$payload/bin/stale" "$a" "$b" "$(by_path "$a" rx)" 150
}

rules_are_fine() {
	same "" "$(journalctl -b -t systemd-udevd -t '(udev-worker)' |
		grep pcibuf)"
}

check "a machine with users" make_users
test_install
test_installed
check "a card is claimed by driver_override" claim "$net"
check "... and goes to group pcibuf" eventually gid_is "$net" pcibuf
test_links
test_groups
check "a stale name never finds another's buffer" no_stale_name
test_twins
test_restore
test_service
check "udevd has nothing to say against the rules" rules_are_fine
test_reload
test_uninstall
finish
