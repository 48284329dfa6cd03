#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The source package's own tests, by autopkgtest.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=scripts/lib.sh
. "$top/scripts/lib.sh"
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
"$top/scripts/build/payload" "$payload"
mkdir "$payload/source"
copy_source "$top" "$payload/source"
"$top/scripts/vm/vm" system --cards edu:64 --payload "$payload" \
	--timeout 3600 -- \
	"$top/tests/system/autopkgtest.sh"
