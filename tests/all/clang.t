#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# clang has nothing to say about the module, with the kernels that its version
# can build (LLVM=1); nor has coccinelle, with the kernel's own semantic patches.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# quiet_clang TREE VARIABLE=VALUE...
quiet_clang() {
	rm -rf "$work/module"
	mkdir "$work/module"
	copy_source "$top/module" "$work/module"
	tree=$1
	shift
	make -s -C "$work/module" KDIR="$tree" LLVM=1 W=1 "$@" \
		>"$work/log" 2>&1 || {
		cat "$work/log"
		return 1
	}
	silent grep -v 'Skipping BTF generation' "$work/log"
}

# What coccicheck prints besides findings are lines about itself.
quiet_coccinelle() {
	make -s -C "$1" coccicheck MODE=report M="$top/module" J=1 \
		DEBUG_FILE="$work/errors" >"$work/log" 2>&1 || {
		tail -n 20 "$work/log"
		return 1
	}
	silent grep -E '^[^ ]+:[0-9]+:' "$work/log"
}

for pair in linux-source-6.1:bookworm linux-source-6.12:bookworm-backports; do
	tree=$("$top/scripts/build/clang-tree" "${pair%:*}" "${pair#*:}")
	check "clang, ${pair%:*}" quiet_clang "$tree"
	check "clang, ${pair%:*}, debug build" quiet_clang "$tree" DEBUG=1
done
tree=$("$top/scripts/build/clang-tree" linux-source-6.1 bookworm)
check "coccinelle, linux-source-6.1" quiet_coccinelle "$tree"
finish
