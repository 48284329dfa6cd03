#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own style, for the module and for the programs that test it.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
tools=$("$top/scripts/build/kernel-tools")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# checkpatch leaves its notes in the directory where it is started.
cd "$work"

# checkpatch FILE [TYPE,...]: without what these types of complaint would say.
checkpatch() {
	perl "$tools/scripts/checkpatch.pl" --no-tree --strict --terse \
		--show-types --quiet --no-summary ${2:+--ignore "$2"} \
		-f "$top/$1"
}

for file in $(sources '*.[ch]'); do
	case $file in
	# The one place for kernel versions. KERNEL_VERSION() with numbers in it
	# is taken for a constant, wherever it stands.
	module/compat.h) ignored=LINUX_VERSION_CODE,CONSTANT_COMPARISON ;;
	module/*) ignored= ;;
	# User space: other types, errno is positive, a card's registers and
	# shared memory are volatile; kselftest's macros look like declarations.
	*) ignored=VOLATILE,PREFER_KERNEL_TYPES,USE_NEGATIVE_ERRNO,LINE_SPACING ;;
	esac
	check "checkpatch $file" silent checkpatch "$file" "$ignored"
done
finish
