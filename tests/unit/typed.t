#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests the script that finds the commands to type in README.md: the script prints all
# marked blocks and nothing else.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"

typed() {
	awk -f "$top/tests/system/typed.awk"
}

page() {
	cat <<-'END'
		Words.

		    not this

		<!-- typed -->

		    first --option
		    second \
		        goes on

		    third

		Words <!-- typed --> that mark nothing:

		    nor this

		<!-- typed -->
		```sh
		fourth
		    indented
		```
		```sh
		nor that
		```
	END
}

check "marked blocks, indented and fenced" same "first --option
second     goes on
third
fourth
    indented" "$(page | typed)"
check "README.md installs, binds and allocates so" same "apt pcibufctl pcibufctl" \
	"$(typed <"$top/README.md" | sed -n '1,3s/ .*//p' | paste -sd ' ')"
finish
