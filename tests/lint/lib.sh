# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Functions for the tests of this directory. Read with `.`, after setting top=.

# shellcheck source=scripts/lib.sh
. "$top/scripts/lib.sh"
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"

# The make variable that selects the test build of the module, see module/Makefile.
# shellcheck disable=SC2034 # not all of them use it
test_build=TEST=1

# sources PATTERN...: print the files of the tree whose names match, relative to the root
# of the tree.
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

# silent COMMAND...: run a command that prints mistakes, and fail if it prints anything.
silent() {
	said_by=$("$@" 2>&1) || :
	[ -z "$said_by" ] || {
		echo "$said_by"
		return 1
	}
}

# may_fail NAME: for a suite of the kind "try", print the mark with which TAP accepts the
# failure of a test.
may_fail() {
	[ "$(suite_fields "$1" 2 2)" != try ] || echo " # TODO it may fail"
}
