#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# keep.sh CARD FILE: puts a file into a new buffer of a card, and gets it out again
# in several ways, with what every system has. CARD is as in 0000:03:00.0, FILE has
# two pages at least.
set -eu
[ $# = 2 ] || {
	echo "usage: keep.sh CARD FILE" >&2
	exit 2
}
card=/sys/class/pcibuf_card/$1
file=$2
size=$(stat -L -c %s "$file")

# Not the shell's own echo, which may not say why it fails.
/bin/echo "$size keep" >"$card/alloc" || {
	cat "$card/last_error" >&2
	exit 1
}
trap '/bin/echo keep >"$card/free"; rm -f "$back"' EXIT
back=$(mktemp)

# The node at once, by its number; a link under /dev follows a moment later.
buffer=$card/buffers/keep
node=/dev/$(basename "$(readlink "$buffer")")
echo "$node: $(cat "$buffer/size") bytes at bus address $(cat "$buffer/dma_addr")"

# In: here the card would have written instead.
dd if="$file" of="$node" bs=1M status=none

# Out: all of it, past the page cache if the file system of /tmp can.
dd if="$node" of="$back" bs=1M oflag=direct status=none 2>/dev/null ||
	dd if="$node" of="$back" bs=1M status=none
cmp -n "$size" "$file" "$back"

# A piece: so many bytes from there on.
dd if="$node" bs=4K skip=1 count=1 status=none | cmp -n 4096 -i 0:4096 - "$file"

# What is behind the file is zero, as all new memory is.
tail -c +"$((size + 1))" "$node" | tr -d '\000' | cmp - /dev/null
echo "$size bytes came back as they were"
