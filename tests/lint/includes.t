#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A file of the module includes only headers that the table below allows. A folder
# has one header of its own; any other header has the name of a .c file.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Headers that most .c files may include.
common="lib/*.h uapi/*.h compat.h sync_point.h"

# Each row has a file and the headers of the module that the file may include. The first
# row that matches a file decides. A * matches no slash. A file without a row is an error.
table() {
	cat <<END
uapi/pcibuf.h
compat.h
minors.h
sync_point.h
lib/*.h               lib/*.h uapi/*.h
memory/dma.h
memory/quota.h
memory/memory.h       memory/quota.h uapi/*.h
memory/coherent.h     memory/memory.h
memory/pages/pages.h  memory/memory.h
buffer/buffer.h       memory/memory.h minors.h uapi/*.h
card/card.h           memory/memory.h minors.h lib/parse.h
lib/*.c               lib/*.h uapi/*.h
memory/*.c            $common memory/*.h
memory/pages/*.c      $common memory/*.h memory/pages/pages.h
buffer/*.c            $common minors.h memory/*.h buffer/buffer.h
card/*.c              $common minors.h memory/*.h buffer/buffer.h card/card.h
main.c                $common minors.h memory/*.h buffer/buffer.h card/card.h
minors.c              minors.h
sync_point.c          sync_point.h
END
}

# files DIRECTORY: print the .c and .h files in DIRECTORY, relative to DIRECTORY.
files() {
	files_of "$1" | sed -n "s|^$1/||; /\.[ch]\$/p"
}

# includes DIRECTORY: print a line "FILE" for each file, and a line "FILE HEADER" for each
# header that the file includes as "...".
includes() {
	files "$1" | while read -r file; do
		echo "$file"
		sed -n "s|^#[[:blank:]]*include[[:blank:]]*\"\(.*\)\".*|$file \1|p" "$1/$file"
	done
}

# exceptions DIRECTORY: print the files that have no row, and the includes that the rows
# do not allow.
exceptions() {
	table >"$work/table"
	includes "$1" | awk '
		function matches(name, pattern) {
			gsub(/\./, "[.]", pattern)
			gsub(/\*/, "[^/]*", pattern)
			return name ~ "^" pattern "$"
		}
		NR == FNR {
			rows[++count] = $0
			next
		}
		{
			for (row = 1; row <= count; row++) {
				n = split(rows[row], words)
				if (matches($1, words[1]))
					break
			}
			if (NF == 1 && row > count)
				print $1 ": no row of the table"
			if (NF == 1 || row > count)
				next
			for (i = 2; i <= n; i++)
				if (matches($2, words[i]))
					next
			print $1 " includes " $2
		}' "$work/table" -
}

# crowded DIRECTORY: print the folders that have several headers of their own.
crowded() {
	files "$1" | grep '\.h$' | while read -r header; do
		[ -f "$1/${header%.h}.c" ] || dirname "$header"
	done | sort | uniq -d
}

# fake FILE HEADER...: write a file that includes these headers.
fake() {
	mkdir -p "$work/fake/$(dirname "$1")"
	file=$1
	shift
	printf '#include "%s"\n' "$@" >"$work/fake/$file"
}

fake memory/memory.h memory/quota.h uapi/pcibuf.h
fake memory/pool.c memory/memory.h memory/pages/pages.h compat.h pages.h
fake memory/extra.h memory/dma.h
fake card/card.h memory/memory.h buffer/buffer.h
check "what the table does not allow is found" same "\
card/card.h includes buffer/buffer.h
memory/extra.h: no row of the table
memory/pool.c includes memory/pages/pages.h
memory/pool.c includes pages.h" "$(exceptions "$work/fake")"
check "two headers of one folder are found" same memory "$(crowded "$work/fake")"
check "the module includes what the table allows" silent exceptions "$top/module"
check "a folder of the module has one header" silent crowded "$top/module"
finish
