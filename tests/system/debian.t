#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# debian.t [OPTION...]: the packages in a whole Debian guest: names, owners, and what they leave. One
# guest for all, since most of its time goes into compiling the module in it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
"$here/../../scripts/build/payload" "$payload"
"$here/../../scripts/vm/vm" system "$@" \
	--cards "edu:64 edu:64 e1000e edu" --payload "$payload" -- "$here/debian.sh"
