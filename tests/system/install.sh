#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the guest: what installing and removing do to a machine with two edu cards
# that modprobe.d gives to pcibuf, and what becomes of a card that goes and comes.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh

release=$(uname -r)
edu=$(nth_card 1234:11e8 1)
other=$(nth_card 1234:11e8 2)

# Every file on the disk, but those that belong to others: logs, caches, the
# databases of apt and dpkg, and the key that DKMS signs all modules with.
inventory() {
	find / -xdev \( -path /payload -o -path /tmp -o -path /var/tmp \
		-o -path /var/log -o -path /var/cache -o -path /var/lib/apt \
		-o -path /var/lib/dpkg -o -path /var/lib/systemd \
		-o -path /var/lib/dkms/mok.key -o -path /var/lib/dkms/mok.pub \
		-o -path /etc/apt/sources.list.d/pcibuf.list \) -prune -o -print
	find /etc -type f ! -path '/etc/apt/*' ! -name 'group*' ! -name 'gshadow*' \
		! -name ld.so.cache -exec sha256sum {} +
	grep -v '^pcibuf:' /etc/group /etc/gshadow
}

nothing_left() {
	inventory | sort >/tmp/after
	diff /tmp/before /tmp/after
}

# The example that the package ships, with this card's numbers in it.
write_modprobe_conf() {
	sed 's/10ee:7024/1234:11e8/; s/000010EEd00007024/00001234d000011E8/' \
		"$payload/debian/examples/pcibuf.conf" >/etc/modprobe.d/pcibuf.conf
}

is_system_group() {
	[ "$(getent group "$1" | cut -d: -f3)" -lt 1000 ]
}

bound() {
	[ -d "$cards/$1" ]
}

reload_card() {
	put 1 "$pci/devices/$1/remove"
	[ ! -e "$pci/devices/$1" ] && [ ! -e "$cards/$1" ] && put 1 "$pci/rescan"
}

inventory | sort >/tmp/before
write_modprobe_conf
check "packages install from a repository" install_packages
check "DKMS built the module for the running kernel" \
	modinfo -F srcversion pcibuf -k "$release"
check "pcibuf is a system group" is_system_group pcibuf
check "a card of modprobe.d is bound, with no reboot" eventually bound "$edu"
check "... and the other of that kind, too" eventually bound "$other"
check "... with their group" eventually gid_is "$edu" pcibuf
check "a removed and rescanned card comes back" reload_card "$edu"
check "... and is bound again" eventually bound "$edu"
check "... with its group" eventually gid_is "$edu" pcibuf
check "the module unloads" modprobe -r pcibuf
check "a removed card comes back without the module" reload_card "$other"
check "... which udev loads for it" eventually bound "$other"

check "packages are removed while cards are bound" \
	apt-get -qy remove pcibuf-dkms pcibuf-tools
check "the module unloads still" modprobe -r pcibuf
rm -f /etc/modprobe.d/pcibuf.conf
udevadm settle
check "no link is left under /dev" not test -e /dev/pcibuf
check "remove leaves nothing but the group" nothing_left
check "packages are purged" apt-get -qy purge pcibuf-dkms pcibuf-tools
check "purge leaves nothing but the group" nothing_left
check "the group is left" getent group pcibuf
finish
