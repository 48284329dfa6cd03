#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Spelling, links, and what Debian's own checker says about the packages.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
cd "$top"

# A function of the kernel; half of a word that a test cuts; a macro of manual
# pages; a cache of the kernel.
spelling() {
	sources '*' | grep -vx LICENSE | xargs -d '\n' codespell -L iput,othe,nd,filp
}

# Headings of a page as GitHub names them.
anchors() {
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | tr -cd 'a-z0-9 _\n-' | tr ' ' -
}

# Links between pages, and to pictures, that lead nowhere.
dead_links() {
	for page in $(sources '*.md'); do
		grep -o '](\([^):]*\))' "$page" | sed 's/^](//; s/)$//' |
			while IFS='#' read -r path anchor; do
				target=$page
				[ -z "$path" ] || target=$(dirname "$page")/$path
				[ -e "$target" ] || echo "$page: $path"
				[ -z "$anchor" ] || anchors "$target" | grep -qx -e "$anchor" ||
					echo "$page: $path#$anchor"
			done
	done
}

lint_packages() {
	set -- build/deb/*.changes
	[ -f "$1" ] || {
		echo "no packages in build/deb"
		return 1
	}
	lintian --allow-root --display-info --pedantic "$@"
}

check "codespell" silent spelling
check "links lead somewhere" silent dead_links
check "packages are built" "$top/scripts/build/deb"
check "lintian" silent lint_packages
finish
