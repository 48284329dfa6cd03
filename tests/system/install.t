#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installing, removing and rescanning a card, uninstalling.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
"$here/../../scripts/payload" "$payload"
"$here/../../scripts/vm" system --cards "edu:64 edu" \
	--payload "$payload" -- "$here/install.sh"
