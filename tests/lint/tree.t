#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Rules of this tree that no other tool checks.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
cd "$top"

# Print our files that can have a comment.
ours() {
	{
		sources '*.[ch]' '*.sh' '*.t' '*.awk' '*.rules' '*.service' Makefile Kbuild
		find scripts .ci tests -type f ! -name '*.*'
	} | sort -u
}

# Print uses of the version macros of the kernel, of distributions, and of the kernel's
# makefiles.
kernel_versions() {
	sources '*.[ch]' Kbuild Makefile | grep '^module/' |
		grep -vx module/compat.h | xargs grep -nE \
		-e 'LINUX_VERSION|KERNEL_VERSION|UTS_RELEASE|linux/version\.h|utsrelease' \
		-e 'RHEL_|SLE_VERSION|(^|[^A-Z_])(VERSION|PATCHLEVEL|SUBLEVEL)\)'
}

# .clang-format is the kernel's, and has an older name of the same licence.
without_licence() {
	{
		ours
		sources '*.md' .editorconfig .clang-format
	} | while read -r file; do
		head -n 3 "$file" |
			grep -qE 'SPDX-License-Identifier: GPL-2\.0(-only|$)' ||
			echo "$file"
	done
}

long_files() {
	ours | while read -r file; do
		lines=$(wc -l <"$file")
		[ "$lines" -le 400 ] || echo "$file: $lines lines"
	done
}

# The braces of a function are at the beginning of a line, in C and in the shell.
long_functions() {
	ours | xargs awk '
		FNR == 1 { start = 0 }
		/^\{/ || /^[a-z_0-9]+\(\) [{(]$/ { start = FNR }
		/^[})]/ {
			if (start && FNR - start > 40)
				print FILENAME ":" start ": " FNR - start " lines"
			start = 0
		}'
}

# TAP uses TODO for a test that may fail.
unfinished() {
	ours | grep -vx -e tests/lint/tree.t -e tests/runner/merge.t |
		xargs grep -nwE 'TODO|FIXME|XXX' | grep -v '# TODO .*may fail'
}

# Coverage and the cache of a build name each file by its base name.
same_names() {
	sources '*.c' '*.h' | sed -n 's|^module/.*/||p' | sort | uniq -d
}

white_space() {
	ours | xargs grep -nE '[[:blank:]]$'
}

check "only module/compat.h knows kernel versions" silent kernel_versions
check "every file names its licence" silent without_licence
check "no file is longer than 400 lines" silent long_files
check "no function is longer than 40 lines" silent long_functions
check "nothing is left to be done" silent unfinished
check "no two files of module/ have one name" silent same_names
check "no white space at the ends of lines" silent white_space
finish
