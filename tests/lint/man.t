#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The manual pages: mandoc has nothing to say, and they name what there is.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
cd "$top"

# Each command and option of --help has its item, and nothing else has one.
items_are_right() {
	same "$(scripts/pcibufctl --help | sed -n 's/^  \([a-z-]*\).*/\1/p' | sort)" \
		"$(sed -n 's/^\.It Cm \([a-z]*\)$/\1/p; s/^\.It Fl -\([a-z]*\).*/--\1/p' \
			debian/man/pcibufctl.8 | sort)"
}

# Files of sysfs that sysfs-doc has and the page has not.
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

# Which other pages there are is this machine's affair.
lint_page() {
	mandoc -Tlint "$1" 2>&1 |
		grep -v -e 'mandoc: outdated mandoc.db' -e 'referenced manual not found'
}

for page in debian/man/*; do
	check "mandoc ${page##*/}" silent lint_page "$page"
done
check "pcibufctl(8) has every command and option" items_are_right
check "pcibuf(4) has every file of sysfs" silent missing_files
finish
