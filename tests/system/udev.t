#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Names under /dev, and who may use them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
"$here/../../scripts/payload" "$payload"
"$here/../../scripts/vm" system --cards "edu:64 edu:64 e1000e edu" \
	--payload "$payload" -- "$here/udev.sh"
