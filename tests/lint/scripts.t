#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Check all shell scripts with shellcheck. A shell script has a first line that names a
# shell. Files that a script reads with `.` are checked with the script.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
cd "$top"

is_script() {
	head -n 1 "$1" | grep -qE '^#!.*[/ ](ba|da)?sh'
}

for file in $(sources '*'); do
	! is_script "$file" || check "shellcheck $file" \
		silent shellcheck -x -a -f gcc "$file"
done
finish
