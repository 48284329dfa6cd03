#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests, without a guest, how scripts read tests/guests: the expanded rows, the files for
# prove, and the tests that a word of make test TESTS= names.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"
cd "$top"

# rows LINE...: print the expanded rows of a table with these lines.
rows() {
	printf '%b\n' "$@" | awk -f scripts/run/rows.awk
}

row() {
	printf '%s\t%s\t%s\t%s\n' "$@"
}

check "a row is its name, when, what and how" same \
	"$(row a test x,y "--mem 1G")" "$(rows "a\ttest\tx,y --mem 1G")"
check "a row goes on" same "$(row a all x '--cards "e f" --cgroup')" \
	"$(rows "a all x" '\t--cards "e' '\t\tf" --cgroup' "# why")"
check "a set is its programs" same "$(row a test x,y,z "")" \
	"$(rows "@s x,y" "a test @s,z")"
check "a row is like another, with its own options last" same \
	"$(row a test x "--mem 1G" && row b all x "--mem 1G --mem 2G")" \
	"$(rows "a test x --mem 1G" "b all = a --mem 2G")"
check "... which may be like a third, in any order" same \
	"$(row c try x "--a --b --c" && row b test x "--a --b" && row a test x --a)" \
	"$(rows "c try = b --c" "b test = a --b" "a test x --a")"
check "two of a name are refused" refused "two rows are called a" \
	rows "a test x" "a test y"
check "another time is refused" refused 'a runs "often"' rows "a often x"
check "a set that is none is refused" refused "no set @s" rows "a test @s"
check "a row that is none is refused" refused "a is like b" rows "a test = b"
check "a row that is like itself is refused" refused "a is like" \
	rows "a test = b" "b test = a"
check "a row of nothing is refused" refused "a runs nothing" rows "a test"

# chosen WORD...: print the names of the chosen tests on one line.
chosen() {
	scripts/run/choose "$@" | sed 's|.*/||; s|\.t$||' | paste -sd ' '
}

# has NAME WORD...: succeed if the WORDs choose the test NAME.
has() {
	wanted=$1
	shift
	echo " $(chosen "$@") " | grep -F " $wanted "
}

check "a row is chosen by its name" same "off-64" "$(chosen off-64)"
check "several are" same "off-64 minors" "$(chosen off-64 minors)"
check "a row of make test-all is, by its name" same "suspend" "$(chosen suspend)"
check "a kernel is" same "sid-off" "$(chosen sid-off)"
check "a folder of programs is the rows that run them" has contiguous vm/memory
check "... which do not include others" not has minors vm/memory
check "... nor those of make test-all" not has numa vm/memory
check "... but with --all" has numa --all vm/memory
check "a program is the rows that run it" same "protocols-on protocols-on-bullseye" \
	"$(chosen vm/memory/flush.c)"
check "a folder of tests is its files" has merge runner
check "a file is itself" same "merge" "$(chosen runner/merge.t)"
check "... by its whole path, too" same "merge" "$(chosen tests/runner/merge.t)"
check "what is none is told, with what there is" refused "off-64" scripts/run/choose nosuch
check "... and a folder that is none" refused "vm/memory" scripts/run/choose vm/nosuch
check "... and a file that is none" refused "no test is called lint/nosuch.t" \
	scripts/run/choose lint/nosuch.t
check "make test has what it has by default" has protocols-on
check "... and a kernel of each kind" has bullseye-few
check "... and folders" has checkpatch
check "... and not what make test-all has" not has numa
check "make test-all has it" has numa --all
check "... without what other rows contain" not has bullseye-few --all

# programs: print the programs of tests/vm, except levels, which is no test, and cma,
# which only scripts/run/kernel-guest runs.
programs() {
	find tests/vm -mindepth 2 -maxdepth 2 ! -path '*/lib/*' \
		\( -name '*.c' -o -name '*.sh' \) ! -name '*-*.c' |
		sed 's|.*/||; s|\..*||' | grep -vx -e levels -e cma | sort
}

table_programs() {
	awk -f scripts/run/rows.awk tests/guests | cut -f 3 | grep -v / |
		tr , '\n' | sort -u
}

check "rows run programs that there are, and each of them" same \
	"$(programs)" "$(table_programs)"
finish
