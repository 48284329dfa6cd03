#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: names and owners, on two edu cards of 64 bits, an e1000e and one
# card more whose place another takes.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh
# shellcheck source=tests/system/links.sh
. /payload/tests/system/links.sh
# shellcheck source=tests/system/group.sh
. /payload/tests/system/group.sh
# shellcheck source=tests/system/twins.sh
. /payload/tests/system/twins.sh

a=$(nth_card 1234:11e8 1)
b=$(nth_card 1234:11e8 2)
spare=$(nth_card 1234:11e8 3)
net=$(nth_card 8086:10d3 1)

no_stale_name() {
	"$payload/bin/stale" "$a" "$b" "$(by_path "$a" rx)" 150
}

rules_are_fine() {
	same "" "$(journalctl -b -u systemd-udevd | grep pcibuf)"
}

check "packages install" install_packages
check "nothing loads the module unasked" not test -e /sys/module/pcibuf
for card in "$a" "$b" "$net"; do
	check "$card is claimed by driver_override" claim "$card"
	check "... and goes to group pcibuf" eventually gid_is "$card" pcibuf
done
check "no other card was taken" not test -e "$cards/$spare"
test_links
test_groups
check "a stale name never finds another's buffer" no_stale_name
test_twins
check "udevd has nothing to say against the rules" rules_are_fine
finish
