#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# debian.t [--suite SUITE] [OPTION...]: test the packages in a system guest: the names and
# owners of files, and the files that remain after purge.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
suite=bookworm
[ "${1-}" != --suite ] || suite=$2
"$here/../../scripts/build/payload" "$payload" "$suite"
"$here/../../scripts/vm/vm" system "$@" \
	--cards "edu:64 edu:64 e1000e edu" --payload "$payload" -- "$here/debian.sh"
