#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# keep.sh CARD FILE: copy a file into a new buffer of a card, and copy it out again in
# several ways, with standard tools. CARD is an address such as 0000:03:00.0. FILE must
# have at least two pages.
set -eu
[ $# = 2 ] || {
	echo "usage: keep.sh CARD FILE" >&2
	exit 2
}
card=/sys/class/pcibuf_card/$1
file=$2
size=$(stat -L -c %s "$file")

# The echo of the shell may not say why it fails, so use /bin/echo.
/bin/echo "$size keep" >"$card/alloc" || {
	cat "$card/last_error" >&2
	exit 1
}
trap '/bin/echo keep >"$card/free"; rm -f "$back"' EXIT
back=$(mktemp)

# Use the node by its number: a link under /dev appears a moment later.
buffer=$card/buffers/keep
node=/dev/$(basename "$(readlink "$buffer")")
echo "$node: $(cat "$buffer/size") bytes at bus address $(cat "$buffer/dma_addr")"

# Copy in. In real use the card writes here.
dd if="$file" of="$node" bs=1M status=none

# Copy everything out, with direct I/O if the file system of /tmp supports it.
dd if="$node" of="$back" bs=1M oflag=direct status=none 2>/dev/null ||
	dd if="$node" of="$back" bs=1M status=none
cmp -n "$size" "$file" "$back"

# Copy a part out: 4096 bytes at offset 4096.
dd if="$node" bs=4K skip=1 count=1 status=none | cmp -n 4096 -i 0:4096 - "$file"

# The rest of the buffer is zero: new memory is zeroed.
tail -c +"$((size + 1))" "$node" | tr -d '\000' | cmp - /dev/null
echo "$size bytes came back as they were"
