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

# checkpatch [TYPE,...]: the files on stdin, without what these types of complaint
# would say. All at once: the script is longer than most of what it reads.
checkpatch() {
	sed "s|^|$top/|" | xargs -r -d '\n' perl "$tools/scripts/checkpatch.pl" --no-tree --strict --terse \
		--show-types --quiet --no-summary \
		${1:+--ignore "$1"} -f || :
}

sources '*.[ch]' >"$work/names"
{
	grep '^module/' "$work/names" | grep -vx 'module/compat\.h' | checkpatch
	# The one place for kernel versions. KERNEL_VERSION() with numbers in it
	# is taken for a constant, wherever it stands.
	echo module/compat.h | checkpatch LINUX_VERSION_CODE,CONSTANT_COMPARISON
	# User space: other types, errno is positive, a card's registers and
	# shared memory are volatile; kselftest's macros look like declarations.
	grep -v '^module/' "$work/names" |
		checkpatch VOLATILE,PREFER_KERNEL_TYPES,USE_NEGATIVE_ERRNO,LINE_SPACING
} >"$work/said" 2>&1

while read -r file; do
	check "checkpatch $file" silent grep -F "$top/$file:" "$work/said"
done <"$work/names"
check "checkpatch has nothing else to say" silent grep -vF "$top/" "$work/said"
finish
