#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Check the spelling, the links between pages, and the packages with lintian.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
cd "$top"

# Words that codespell does not know: iput, a function of the kernel; othe, half of a word
# that a test cuts; nd, a macro of manual pages; filp, a cache of the kernel.
spelling() {
	sources '*' | grep -vx LICENSE | xargs -d '\n' codespell -L iput,othe,nd,filp
}

# Print the anchors that GitHub makes of the headings of a page.
anchors() {
	sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | tr -cd 'a-z0-9 _\n-' | tr ' ' -
}

# Print the links to pages, anchors and pictures that do not exist.
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
