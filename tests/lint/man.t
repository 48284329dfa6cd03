#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mandoc prints nothing about the manual pages. The pages describe all commands, options,
# exit statuses, findings of doctor, sysfs files and keys.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
cd "$top"

# Each command and option of --help has an item in the page, and the page has no other.
items_are_right() {
	same "$(scripts/tool/pcibufctl --help | sed -n 's/^  \([a-z-]*\).*/\1/p' | sort)" \
		"$(sed -n 's/^\.It Cm \([a-z]*\)$/\1/p; s/^\.It Fl -\([a-z]*\).*/--\1/p' \
			debian/man/pcibufctl.8 | sort)"
}

# The page explains the exit statuses that --help explains in its last lines.
statuses_are_right() {
	same "$(scripts/tool/pcibufctl --help | sed -n '/^Exit status:/,$p' |
		grep -o '[0-9] [a-z]' | cut -c1)" \
		"$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EX/s/^\.It \([0-9]\)$/\1/p' \
			debian/man/pcibufctl.8)"
}

# The synopsis of each command has the arguments of the command's line in --help.
synopsis_is_right() {
	same "$(scripts/tool/pcibufctl --help | sed -n 's/^  \([a-z].*\)/\1/p' |
		sed 's/  .*//; s/BUFFER/buffer/g; s/CARD/card/g; s/SIZE/size/g
			s/LABEL/label/g; s/BITS/bits/g; s/WHAT/what/g; s/TYPE/type/g
			s/SECONDS/seconds/g; s/NUMBER/number/g; s/IRQ/irq/g')" \
		"$(mandoc -Tutf8 -O width=200 debian/man/pcibufctl.8 | col -b |
			sed -n '/^SYNOPSIS/,/^DESCRIPTION/s/^ *pcibufctl \([a-z].*\)/\1/p')"
}

# The page explains each finding of doctor, and no other.
findings_are_right() {
	same "$(sed -n 's/.*verdict \(fault\|warning\) \([a-z_]*\) .*/\2/p; s/.*fault=\([a-z_]*\).*/\1/p' \
		scripts/tool/ctl/doctor.sh scripts/tool/ctl/why.sh |
		grep -vx -e not_root -e '' | sort -u)" \
		"$(sed -n '/^\.Sh FINDINGS/,/^\.Sh FILES/s/^\.It Li //p' \
			debian/man/pcibufctl.8 | sort -u)"
}

# Print the files that sysfs-doc describes and the page does not.
missing_files() {
	page=$(mandoc -Tutf8 debian/man/pcibuf.4 | col -b | tr -s '[:space:]' ' ')
	sed -n 's|^What:.*/\([a-z_]*\)/*$|\1|p' sysfs-doc/sysfs-class-* |
		while read -r word; do
			case $page in
			*" $word"[/\ ,.]*) ;;
			*) echo "$word" ;;
			esac
		done
}

# Print the keys of a saved card or buffer that the tool reads and the page does not
# explain.
missing_keys() {
	sed -n 's/^\t\(card\|buffer\)\.\([a-z]*\)=.*/\2/p' scripts/tool/ctl/conf.sh |
		sort -u | while read -r key; do
			grep -q "^\.It Li.* *$key=" debian/man/pcibuf.conf.5 || echo "$key"
		done
}

# lint_page PAGE: print what mandoc reports. Messages about pages that this machine lacks
# do not count.
lint_page() {
	mandoc -Tlint "$1" 2>&1 |
		grep -v -e 'mandoc: outdated mandoc.db' -e 'referenced manual not found'
}

for page in debian/man/*; do
	check "mandoc ${page##*/}" silent lint_page "$page"
done
check "pcibufctl(8) has every command and option" items_are_right
check "... and exit status" statuses_are_right
check "... with their arguments" synopsis_is_right
check "... and everything that doctor finds" findings_are_right
check "pcibuf(4) has every file of sysfs" silent missing_files
check "pcibuf.conf(5) has every key" silent missing_keys
finish
