#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The structs of the public header have no padding, and every caller of the kernel sees
# the same layout. The names of the structs are read from the header.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile ABI HEADER [OPTION...]: the ABI of i386 aligns integers of 64 bits to
# 4 bytes. The ABI x32 has a long of 32 bits and aligns integers of 64 bits to
# 8 bytes, as 32-bit Arm does. The headers of x86-64 serve all three.
compile() {
	abi=$1 header=$2
	shift 2
	case $abi in
	arm64) set -- aarch64-linux-gnu-gcc "$@" ;;
	x86-64) set -- gcc -m64 "$@" ;;
	i386) set -- gcc -m32 -isystem /usr/include/x86_64-linux-gnu "$@" ;;
	x32) set -- gcc -mx32 -isystem /usr/include/x86_64-linux-gnu "$@" ;;
	esac
	"$@" -x c -c "$header" -o "$work/object"
}

# padding ABI HEADER: print the compiler's warnings of padding.
padding() {
	LC_ALL=C compile "$1" "$2" -Wpadded 2>&1
}

# structs HEADER: print the names of the structs and unions that HEADER defines.
structs() {
	sed -nE 's/^(struct|union) ([a-z0-9_]+) \{.*/\2/p' "$1"
}

# layout ABI HEADER: print size, offsets and types of these structs.
layout() {
	compile "$1" "$2" -g -fno-eliminate-unused-debug-types
	readelf --debug-dump=info "$work/object" |
		awk -v names="$(structs "$2" | xargs)" -f "$top/tests/lint/structs.awk"
}

# same_layout ABI HEADER: print what differs from x86-64, and fail if anything does.
same_layout() {
	layout x86-64 "$2" >"$work/expected"
	layout "$1" "$2" | diff "$work/expected" -
}

# unportable HEADER: print the members that are not integers of a fixed width.
unportable() {
	layout x86-64 "$1" | grep ' at ' | grep -vE \
		-e ': ((un)?signed )?char$' -e ': (short |long long )?(unsigned )?int$' \
		-e ': (structure|union)_type$'
}

# fake NAME MEMBERS: write a header with one struct.
fake() {
	printf '#include <linux/types.h>\nstruct fake {\n%s\n};\n' "$2" >"$work/$1.h"
}

fake hole '__u32 a; __u64 b;'
fake end '__u64 a; __u32 b;'
fake long '__u64 a; struct { long b; } c;'
fake pointer '__u64 a; void *b[2];'
fake bits '__u32 a : 16; __u32 b : 16;'
check "a hole is found" says "padding struct to align 'b'" padding x86-64 "$work/hole.h"
check "... and one at the end" says "padding struct size" padding x86-64 "$work/end.h"
check "... and another layout" refused "> fake: 12 bytes" same_layout i386 "$work/end.h"
check "a long is found" same "fake.c.b at 8: long int" "$(unportable "$work/long.h")"
check "... and a pointer" same "fake.b at 8: pointer_type" "$(unportable "$work/pointer.h")"
check "... and bit-fields" says "fake.b at 0: bit-field" unportable "$work/bits.h"

header=$top/module/uapi/pcibuf.h
for abi in x86-64 i386 x32 arm64; do
	check "$abi: no padding" silent padding "$abi" "$header"
done
for abi in i386 x32 arm64; do
	check "$abi: the layout of x86-64" same_layout "$abi" "$header"
done
check "every member is an integer of a fixed width" silent unportable "$header"
check "no struct was missed" same "$(structs "$header")" \
	"$(layout x86-64 "$header" | sed -n 's/\.[a-z_]* at 0: .*//p')"
finish
