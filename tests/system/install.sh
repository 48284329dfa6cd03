# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests how installing and removing the packages changes a machine, and what happens to a
# card that is removed and returns. modprobe.d assigns cards like $a and $b to pcibuf.
: "${cards:=}" "${payload:=}" "${pci:=}" "${a:=}" "${b:=}" "${net:=}"

conf=/etc/modprobe.d/pcibuf.conf

# Print every file on the disk, except files that do not belong to our packages: logs,
# caches, the databases of apt and dpkg and their daily copies, the key with which DKMS
# signs all modules, and the files of the headers in /usr/share, which the root filesystem
# lacks.
inventory() {
	{
		find / -xdev \( -path /payload -o -path /tmp -o -path /var/tmp \
			-o -path /var/log -o -path /var/cache -o -path /var/lib/apt \
			-o -path /var/lib/dpkg -o -path /var/lib/systemd \
			-o -path /var/backups -o -path '/usr/share/*/linux-headers-*' \
			-o -path /var/lib/dkms/mok.key -o -path /var/lib/dkms/mok.pub \
			-o -path /etc/apt/sources.list.d/pcibuf.list \) -prune -o -print
		find /etc -type f ! -path '/etc/apt/*' ! -name 'group*' \
			! -name 'gshadow*' ! -name ld.so.cache -exec sha256sum {} +
		grep -v '^pcibuf:' /etc/group /etc/gshadow
	} | sort
}

nothing_left() {
	inventory >/tmp/after
	diff /tmp/before /tmp/after
}

# Write the example that the package ships, with the ids of this card.
write_modprobe_conf() {
	sed 's/10ee:7024/1234:11e8/; s/000010EEd00007024/00001234d000011E8/' \
		"$payload/debian/examples/pcibuf.conf" >$conf
}

is_system_group() {
	[ "$(getent group "$1" | cut -d: -f3)" -lt 1000 ]
}

bound() {
	[ -d "$cards/$1" ]
}

install_packages() {
	"$payload/tests/system/add-archive.sh" &&
		DEBIAN_FRONTEND=noninteractive apt-get -qy install pcibuf-dkms
}

test_install() {
	inventory >/tmp/before
	write_modprobe_conf
	check "packages install from an archive" install_packages
	check "DKMS built the module for the running kernel" \
		modinfo -F srcversion pcibuf
	check "pcibuf is a system group" is_system_group pcibuf
	check "a card of modprobe.d is bound, with no reboot" eventually bound "$a"
	check "... and the other of that kind, too" eventually bound "$b"
	check "... with their group" eventually gid_is "$b" pcibuf
	check "a card of another kind is not" not bound "$net"
	check "the demo's commands work" "$payload/scripts/demo/demo-guest"
}

reload_card() {
	put 1 "$pci/devices/$1/remove"
	[ ! -e "$pci/devices/$1" ] && [ ! -e "$cards/$1" ] && put 1 "$pci/rescan" &&
		[ -e "$pci/devices/$1" ]
}

test_reload() {
	check "a card is removed and rescanned" reload_card "$a"
	check "... and bound again" eventually bound "$a"
	check "... with its group" eventually gid_is "$a" pcibuf
	check "the module unloads" modprobe -r pcibuf
	check "a card is removed and rescanned without the module" reload_card "$b"
	check "... which udev loads for it" eventually bound "$b"
	check "the module unloads again" modprobe -r pcibuf
	check "no directory of links is left" eventually not test -e /dev/pcibuf
	rm $conf
	udevadm control --reload
	check "a card that nobody gave to pcibuf comes" reload_card "$b"
	udevadm settle
	check "... and nothing loads the module" not test -e /sys/module/pcibuf
}

test_uninstall() {
	check "a card is claimed by hand" claim "$a"
	check "... and has a buffer" put "64K rx" "$cards/$a/alloc"
	check "packages are removed while it has a buffer" \
		apt-get -qy remove pcibuf-dkms pcibuf-tools
	check "the module unloads still" rmmod pcibuf
	check "no link is left" eventually not test -e /dev/pcibuf
	check "remove leaves nothing but the group" nothing_left
	# Files that pcibufctl writes.
	mkdir /etc/pcibuf.d
	touch /etc/pcibuf.d/saved.conf /etc/modprobe.d/pcibufctl.conf
	check "packages are purged" apt-get -qy purge pcibuf-dkms pcibuf-tools
	check "purge leaves nothing but the group" nothing_left
	check "the group is left" getent group pcibuf
}
