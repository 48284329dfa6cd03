#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Spelling, and what Debian's own checker says about the packages.
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

lint_packages() {
	set -- build/deb/*.changes
	[ -f "$1" ] || {
		echo "no packages in build/deb"
		return 1
	}
	lintian --allow-root --display-info --pedantic "$@"
}

check "codespell" silent spelling
check "packages are built" "$top/scripts/build-deb"
check "lintian" silent lint_packages
finish
