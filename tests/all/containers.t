#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A program with nothing but the node, in containers of podman: root's and a user's.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
"$top/scripts/build/payload" "$payload"
"$top/scripts/build/module" containers "$payload/module"
# All that is in the image.
mkdir -p "$payload/image"
gcc -std=gnu11 -O1 -static -Wall -Wextra -Werror -I "$top/module/uapi" \
	-o "$payload/image/inside" "$top/tests/all/inside.c"
"$top/scripts/vm/vm" system --suite containers --cards "edu:64 e1000e" \
	--payload "$payload" -- "$top/tests/all/containers.sh"
