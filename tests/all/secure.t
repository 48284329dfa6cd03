#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Secure Boot: Debian's own boot loaders, its signed kernel, and a module that is
# signed by a key that the machine's owner enrols, or has not yet.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
"$top/scripts/build/payload" "$payload"
"$top/scripts/vm/vm" system --cards edu:64 --payload "$payload" --firmware secure \
	--then "--password secret" -- "$top/tests/system/secure.sh"
