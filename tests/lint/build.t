#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The compiler and sparse have nothing to say about the module.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# quiet_build SUITE VARIABLE=VALUE...: Debian's headers come without the vmlinux that
# type information would be made from; that is all that may be said.
quiet_build() {
	"$top/scripts/build-module" "$@" "$work" || return
	silent grep -v 'Skipping BTF generation' "$work/build.log"
}

for suite in bullseye bookworm trixie sid; do
	check "$suite, W=1" quiet_build "$suite" W=1
	check "$suite, W=1, debug build" quiet_build "$suite" W=1 DEBUG=1
done
# By the one suite that has it.
check "sparse" quiet_build bookworm C=2 CF=-D__CHECK_ENDIAN__
check "sparse, debug build" quiet_build bookworm \
	C=2 CF=-D__CHECK_ENDIAN__ DEBUG=1
finish
