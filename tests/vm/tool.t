#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# pcibufctl and the live driver, under busybox, with a card that has a driver.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
cp -R "$top/scripts/tool/pcibufctl" "$top/scripts/tool/ctl" "$top/tests/system/lib.sh" "$programs/"
cp "$top/tests/vm/tool.sh" "$programs/tool"
"$top/scripts/vm/vm" fast --cards "edu:64 e1000e" --modules e1000e \
	--tests "$programs" -- tool
