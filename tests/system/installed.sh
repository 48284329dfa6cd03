# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests the installed packages on a machine that may have no card.

# Print the programs that rules and units run. Devices are not part of our packages.
named_programs() {
	grep -hv '^#' /usr/lib/udev/rules.d/60-persistent-pcibuf.rules \
		"$unit" | grep -o '/usr/[^" ]*' | sort -u
}

programs_exist() {
	missing=
	for program in $(named_programs); do
		[ -x "$program" ] || missing="$missing $program"
	done
	same "" "$missing"
}

# The completions call the command by name, so the command must be in the PATH.
completions_exist() {
	command -v pcibufctl && bash -n /usr/share/bash-completion/completions/pcibufctl &&
		[ -s /usr/share/zsh/vendor-completions/_pcibufctl ]
}

# The package, the module and the tool have the same version.
one_version_installed() {
	wanted=$(dpkg-query -W -f '${Version}' pcibuf-dkms)
	same "$wanted" "$(modinfo -F version pcibuf)" &&
		same "pcibufctl $wanted" "$(pcibufctl --version)" &&
		dkms status pcibuf | grep -F "$wanted"
}

header_compiles() {
	echo 'int main(void) { struct pcibuf_info info = { 0 }; return info.size; }' |
		cc -Wall -Werror -include linux/pcibuf.h -x c -o /tmp/header -
}

installed_is_loaded() {
	installed=$(modinfo -F srcversion pcibuf) &&
		same "$installed" "$(cat /sys/module/pcibuf/srcversion)"
}

# Use a name without a colon: verify takes the text after a colon for an alias.
units_are_fine() {
	cp "$unit" /tmp/pcibuf-restore@card.service
	same "" "$(systemd-analyze verify --man=no /tmp/pcibuf-restore@card.service 2>&1 |
		grep pcibuf)"
}

# udevadm has verify from version 254 on.
rules_can_be_verified() {
	udevadm verify --help >/dev/null 2>&1
}

test_installed() {
	unit=$(dpkg -L pcibuf-tools | grep '/pcibuf-restore@.service$')
	check "module, tools and DKMS have the package's version" one_version_installed
	check "programs that rules and unit name exist" programs_exist
	check "completions are there" completions_exist
	check "the header compiles" header_compiles
	check "pcibuf is a system group" is_system_group pcibuf
	check "systemd has nothing against the unit" units_are_fine
	! rules_can_be_verified || check "udevadm has nothing against the rules" \
		udevadm verify /usr/lib/udev/rules.d/60-persistent-pcibuf.rules
	check "the module loads" modprobe pcibuf
	check "... the installed one" installed_is_loaded
	check "doctor finds no fault" pcibufctl doctor
}
