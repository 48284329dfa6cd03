#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The packages, installed in the system of every suite: its own DKMS compiles the
# module by its own compiler for each kernel, and nobody warns of anything.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
results=$top/build/support
mkdir -p "$results"
"$top/scripts/build/deb"

# installs NAME: keeps what was found out for the table of README.md.
installs() {
	if "$top/scripts/build/dkms" "$1" >"$results/$1-dkms.new"; then
		mv "$results/$1-dkms.new" "$results/$1-dkms"
	else
		echo fails >"$results/$1-dkms"
		rm "$results/$1-dkms.new"
		return 1
	fi
}

for name in bookworm $("$top/scripts/run/matrix" --rows --all); do
	check "$name$(may_fail "$name")" installs "$name"
done
finish
