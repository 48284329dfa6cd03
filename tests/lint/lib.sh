# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For the tests of this directory. Read with `.`, after top= was set.

# shellcheck source=scripts/lib.sh
. "$top/scripts/lib.sh"
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"

# The variable that makes the test build of the module, see module/Makefile.
# shellcheck disable=SC2034 # not all of them use it
test_build=TEST=1

# sources PATTERN...: the tree's files with such names, relative to its root.
sources() {
	files_of "$top" | sed "s|^$top/||" | while read -r file; do
		for pattern; do
			# shellcheck disable=SC2254 # a pattern it is
			case ${file##*/} in
			$pattern) echo "$file" ;;
			esac
		done
	done
}

# Says what is wrong, or nothing: silence is a pass.
silent() {
	said_by=$("$@" 2>&1) || :
	[ -z "$said_by" ] || {
		echo "$said_by"
		return 1
	}
}

# may_fail NAME: what TAP calls a test that is not expected to pass yet, for a
# kernel that may fail.
may_fail() {
	[ "$(suite_fields "$1" 2 2)" != try ] || echo " # TODO it may fail"
}
