#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The compilers of all kernels have nothing to say about the module.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
quiet=$top/scripts/build/quiet

for name in bookworm $("$top/scripts/run/matrix" --rows --all); do
	check "$name, W=1$(may_fail "$name")" "$quiet" "$name" W=1
done
finish
