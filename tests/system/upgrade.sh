# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests installing other versions of the packages over the installed version. $a and $b
# are two edu cards. The file $said_by_apt has the last output of apt.
: "${cards:=}" "${pci:=}" "${payload:=}" "${a:=}" "${b:=}" "${version:=}"

said_by_apt=/tmp/apt

# apt COMMAND...: run apt-get as an administrator does.
apt() {
	apt-get -qy --allow-downgrades "$@" >$said_by_apt 2>&1 || {
		cat $said_by_apt
		return 1
	}
}

# to NAME: install the packages of this version.
to() {
	apt install "$payload/versions/$1"/*.deb
}

apt_said() {
	grep -F "$1" $said_by_apt || {
		cat $said_by_apt
		return 1
	}
}

# Versions of the module that modprobe would load, and of the loaded module.
installed_is() {
	same "$1" "$(modinfo -F version pcibuf)"
}

loaded_is() {
	same "$1" "$(cat /sys/module/pcibuf/version)"
}

# Users are told that the loaded module is not the installed module.
old_is_told() {
	apt_said "the old module stays loaded" &&
		grep -x pcibuf-dkms /run/reboot-required.pkgs &&
		refused "the loaded module is not the installed module" pcibufctl doctor
}

# moves_bytes CARD BUFFER: the card does DMA in both directions, over all of the buffer.
moves_bytes() {
	/tmp/roundtrip "/dev/pcibuf/by-path/pci-$1/$2" \
		"$(cat "$cards/$1/buffers/$2/dma_addr")" \
		"$pci/devices/$1/resource0"
}

works() {
	pcibufctl alloc "$1" 64K new && udevadm wait --timeout=60 \
		"/dev/pcibuf/by-path/pci-$1/new" && moves_bytes "$1" new &&
		pcibufctl free "$1" new
}

reload() {
	modprobe -r pcibuf && modprobe pcibuf && [ -d "$cards/$a" ] &&
		eventually gid_is "$a" pcibuf
}

# systemd has loaded the current version of the unit.
systemd_is_up_to_date() {
	same no "$(systemctl show -p NeedDaemonReload --value "pcibuf-restore@$a")"
}

test_idle() {
	check "a program for the card compiles" cc -o /tmp/roundtrip \
		"$(dpkg -L pcibuf-tools | grep 'roundtrip\.c$')"
	check "a card is bound, without buffers" claim "$a"
	check "... and gets its group" eventually gid_is "$a" pcibuf
	check "upgrade while the module is idle" to newer
	check "... the new module is installed" installed_is "$version.1"
	check "... the old one is loaded" loaded_is "$version"
	check "... and the user is told" old_is_told
	check "... and it works, with the new tools" works "$a"
	check "... and systemd knows the new unit" systemd_is_up_to_date
	check "the module is loaded again" reload
	check "... it is the new one" loaded_is "$version.1"
	check "... and doctor finds no fault" pcibufctl doctor
	check "... and it works" works "$a"
}

# hold NODE: start a process that maps the buffer. Its output is in /tmp/held.
hold() {
	mkfifo /tmp/hold
	python3 "$payload/tests/system/hold.py" "$1" \
		</tmp/hold >/tmp/held 2>&1 &
	holder=$!
	exec 6>/tmp/hold
	eventually grep -qx mapped /tmp/held
}

still_holds() {
	echo >&6
	eventually grep -qx "still there" /tmp/held
}

# Do not run this function in check's subshell: the process is not a child of the subshell.
let_go() {
	ended=0
	exec 6>&-
	wait "$holder" || ended=$?
	sed 's/^/# /' /tmp/held
}

test_in_use() {
	check "a card has a buffer that is mapped" pcibufctl alloc "$a" 1M mapped
	check "another one has a buffer that is not" claim "$b"
	check "... of this name" pcibufctl alloc "$b" 1M idle
	check "the links are there" udevadm wait --timeout=60 \
		"/dev/pcibuf/by-path/pci-$a/mapped" "/dev/pcibuf/by-path/pci-$b/idle"
	hold "/dev/pcibuf/by-path/pci-$a/mapped"
	check "upgrade while cards have buffers" to newest
	check "... the new module is installed" installed_is "$version.2"
	check "... the old one is loaded" loaded_is "$version.1"
	check "... and the user is told" old_is_told
	check "the card of the idle buffer moves bytes in it" moves_bytes "$b" idle
	check "who mapped the other still has his data" still_holds
	check "... and its card moves bytes in it" moves_bytes "$a" mapped
	check "new buffers are made" works "$b"
	check "the module cannot be unloaded while it is mapped" \
		not modprobe -r pcibuf
	let_go
	check "the process ends without a fault" same 0 $ended
	check "then the module is loaded again" reload
	check "... it is the new one" loaded_is "$version.2"
}

# Make a package that is unrelated to ours.
other_package() {
	mkdir -p /tmp/other/DEBIAN
	printf '%s\n' "Package: other" "Version: 1" "Architecture: all" \
		"Maintainer: nobody <root@localhost>" "Description: nothing" \
		>/tmp/other/DEBIAN/control
	dpkg-deb -b /tmp/other /tmp/other.deb
}

state_is() {
	same "$2" "$(dpkg-query -W -f '${Status}' "$1")"
}

test_broken() {
	check "upgrade to a module that does not compile fails" not to broken
	check "... and says where to read why" apt_said make.log
	check "... the tools are installed" state_is pcibuf-tools \
		"install ok installed"
	check "... of that version" same "pcibufctl $version.3" \
		"$(pcibufctl --version)"
	check "... and work with the module that is loaded" works "$a"
	check "... no module is there for the next boot" not modinfo pcibuf
	check "a package of others is made" other_package
	apt install /tmp/other.deb >/dev/null || :
	check "... and can be installed" state_is other "install ok installed"
}

test_downgrade() {
	check "downgrade to a good version" apt install "$payload"/deb/*.deb
	check "... repairs it" state_is pcibuf-dkms "install ok installed"
	check "... the module is that of this version" installed_is "$version"
	check "... and the user is told" old_is_told
	check "the module is loaded again" reload
	check "... it is that one" loaded_is "$version"
	check "... and it works" works "$a"
}

test_reinstall() {
	check "the packages are reinstalled" apt reinstall pcibuf-dkms pcibuf-tools
	check "... the module is there" installed_is "$version"
	check "... of one version only" same 1 "$(dkms status pcibuf | wc -l)"
	check "... and doctor finds no fault" pcibufctl doctor
}

test_remove() {
	check "packages are removed while the module is loaded" \
		apt remove pcibuf-dkms pcibuf-tools
	check "... DKMS has nothing left" same "" "$(dkms status pcibuf)"
	check "... and no module" not modinfo pcibuf
	check "the loaded module unloads still" rmmod pcibuf
	check "remove leaves nothing but the group" eventually nothing_left
	check "packages are purged" apt purge pcibuf-dkms pcibuf-tools
	check "purge leaves nothing but the group" nothing_left
}
