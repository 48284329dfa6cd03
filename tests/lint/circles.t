#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The files of the module use symbols of each other without a circle, and no folder
# uses symbols of a folder above it.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# find_in SYMBOLS circles|climbs: print what circles.awk finds.
find_in() {
	awk -v find="$2" -f "$top/tests/lint/circles.awk" "$1"
}

# Write two files: memory/low.c calls a static function of buffer/high.c through a table.
fake_sources() {
	mkdir -p "$work/memory" "$work/buffer"
	cat >"$work/memory/low.c" <<-'END'
		extern int (*const ops[])(void);
		int get(void);
		int get(void) { return ops[0](); }
	END
	cat >"$work/buffer/high.c" <<-'END'
		int get(void);
		static int turn(void) { return get(); }
		extern int (*const ops[])(void);
		int (*const ops[])(void) = { turn };
	END
}

# fake NAME: compile both files and write their symbols to NAME.
fake() {
	(cd "$work" && for file in memory/low buffer/high; do
		gcc -c -o "$file.o" "$file.c" && nm -AgP "$file.o"
	done) >"$work/$1"
}

fake_sources
fake circle
echo 'int get(void) { return 0; }' >"$work/memory/low.c"
fake line
check "a circle is found" same "\
circle of 2 files: memory/low.c buffer/high.c
  memory/low.c uses buffer/high.c: ops
  buffer/high.c uses memory/low.c: get" "$(find_in "$work/circle" circles)"
check "... and a use of the folder above" \
	same "  memory/low.c uses buffer/high.c: ops" "$(find_in "$work/circle" climbs)"
check "without it, nothing is found" \
	same "" "$(find_in "$work/line" circles; find_in "$work/line" climbs)"

for variable in TEST=0 "$test_build"; do
	check "bookworm, $variable" \
		"$top/scripts/build/module" bookworm "$variable" "$work/out"
	check "... no circle" silent find_in "$work/out/symbols" circles
	check "... no use of a folder above" silent find_in "$work/out/symbols" climbs
done
# Only the test build has the sync points.
check "every file was looked at" same \
	"$(sources '*.c' | sed -n 's|^module/||p')" \
	"$(sed 's|\.o: .*|.c|' "$work/out/symbols" | uniq)"
finish
