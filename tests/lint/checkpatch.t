#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# checkpatch, which checks the kernel's style, prints nothing about the module and about
# the programs that test the module.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
tools=$("$top/scripts/build/kernel-tools")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# checkpatch writes files into its working directory.
cd "$work"

# checkpatch [TYPE,...]: check the files on stdin, without the messages of these types.
# Check all files in one run: checkpatch is longer than most of the files that it reads,
# so starting it takes the most time.
checkpatch() {
	sed "s|^|$top/|" | xargs -r -d '\n' perl "$tools/scripts/checkpatch.pl" --no-tree --strict --terse \
		--show-types --quiet --no-summary \
		${1:+--ignore "$1"} -f || :
}

sources '*.[ch]' >"$work/names"
{
	grep '^module/' "$work/names" | grep -vx 'module/compat\.h' | checkpatch
	# compat.h is the only file for kernel versions. checkpatch takes
	# KERNEL_VERSION() with numbers for a constant, on either side of a comparison.
	echo module/compat.h | checkpatch LINUX_VERSION_CODE,CONSTANT_COMPARISON
	# Programs of user space: they use other types, errno is positive, and a
	# card's registers and shared memory are volatile. The macros of kselftest look
	# like declarations.
	grep -v '^module/' "$work/names" |
		checkpatch VOLATILE,PREFER_KERNEL_TYPES,USE_NEGATIVE_ERRNO,LINE_SPACING
} >"$work/said" 2>&1

while read -r file; do
	check "checkpatch $file" silent grep -F "$top/$file:" "$work/said"
done <"$work/names"
check "checkpatch has nothing else to say" silent grep -vF "$top/" "$work/said"
finish
