#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The compilers of the suites of make test, and sparse, print nothing about the module.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/lint/lib.sh
. "$top/tests/lint/lib.sh"
quiet=$top/scripts/build/quiet

for suite in bookworm $("$top/scripts/run/guests" --kernels); do
	check "$suite, W=1" "$quiet" "$suite"
	check "$suite, W=1, test build" "$quiet" "$suite" "$test_build"
done
# Run sparse in bookworm, which has it.
check "sparse" "$quiet" bookworm C=2 CF=-D__CHECK_ENDIAN__
check "sparse, test build" "$quiet" bookworm \
	C=2 CF=-D__CHECK_ENDIAN__ "$test_build"
finish
