#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests pcibufctl with a machine made of files: its output, its writes and its errors, as
# text and as JSON.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/unit/fake.sh
. "$top/tests/unit/fake.sh"

# Labels with all characters that a label can have, and labels that look like words with
# another meaning.
odd="a_-.Z 0x-1 null true e1 12_ -- pcibufx"

odd_labels() {
	fake_machine
	made=
	for label in $odd; do
		[ "$label" != -- ] || continue
		ctl alloc 4096 "$label" >/dev/null && made="$made$label "
	done
	same "$made" "$(strict \
		'"".join(sorted((x["label"] + " " for c in d["cards"] for x in c["buffers"]), key="'"$made"'".find))' list)"
}

# Characters that a label cannot have, but an argument or a file can.
odd_words() {
	for word in 'a"b' 'a\b' "a
b" "$(printf 'a\tb\001\177\303\244\377')" 'a%sb' "\$(x)" ''; do
		strict 'd["error"]["name"]' info $a "$word" || return
		strict 'd["error"]["name"]' "info" "$word:00.0" || return
	done | sort -u >"$work/names"
	same "$(printf 'no_buffer\nno_card')" "$(cat "$work/names")"
}

odd_attributes() {
	printf 'alloc "?": EINVAL: "\\ \001\303\244' >"$sys/class/pcibuf_card/$a/last_error"
	same 'alloc "?": EINVAL: "\ ???' "$(strict 'd["card"]["last_error"]' info)"
	file sys/class/pcibuf_card/$a/max_bytes 18446744073709551615
	same 18446744073709551615 "$(strict 'd["cards"][0]["max_bytes"]' list)"
}

# JSON stays valid if a file vanishes.
holes() {
	for path in class/pcibuf_card/$a/max_bytes class/pcibuf_card/$a/last_error \
		bus/pci/devices/$a/vendor class/pcibuf_card/$a/buffers/rx/label; do
		fake_machine
		ctl alloc 4096 rx >/dev/null
		rm "$sys/$path"
		strict 'len(d["cards"])' list || return
	done >"$work/holes"
}

# The file exists, but reading it fails.
broken_segments() {
	fake_machine
	ctl alloc 4096 rx >/dev/null
	ln -s /proc/self/mem "$sys/class/pcibuf_card/$a/buffers/rx/segments"
	same None "$(strict 'd["cards"][0]["buffers"][0]["segments"]' list)"
}

every_command() {
	fake_machine
	for line in "alloc 4096 rx" "alloc 4096" "alloc 8192 sg --sg --align=8192" "info rx" \
		"free 0" "mask 40" "recover" "limit 65536" "save" "restore" "list" \
		"doctor" "bind $a" "unbind --force" "list" "info" "restore"; do
		# shellcheck disable=SC2086 # words
		strict 'd["command"]' $line || return
	done >"$work/said"
	same 17 "$(wc -l <"$work/said")"
}

fails_in_json() {
	for line in "alloc" "alloc 1 2 3 4" "free" "bind" "mask 1 2 3" "list x" \
		"info nosuch" "restore nosuch" "bind 99:00.0" "save --by=x" \
		"list --sg" "alloc 4096 --align" "alloc 4096 --align=x" \
		"alloc 4096 align=8192" "list --align 4096"; do
		# shellcheck disable=SC2086 # words
		same False "$(strict 'd["ok"]' $line)" || return
	done
}

check_json() {
	check "odd labels come through JSON as they are" odd_labels
	check "odd words make no odd JSON" odd_words
	check "... nor do odd attributes" odd_attributes
	check "... nor missing ones" holes
	check "... nor ones that go while they are read" broken_segments
	check "every command speaks JSON" every_command
	fake_machine
	check "every refusal does, too" fails_in_json
	rm -r "$sys/class/pcibuf_card/$a"
	check "an empty list is a list" same "[]" "$(strict 'd["cards"]' list)"
	check "no command is an error in JSON" ends 2 '"command":null' ctl --json
	check "the version is told" ends 0 "pcibufctl 0.1.0" ctl --version
}

# styled COMMAND...: run as a user who likes other forms of ls.
styled() (
	export TIME_STYLE=long-iso QUOTING_STYLE=c
	"$@"
)

check_names() {
	fake_machine
	for name in $a 03:00.0 pci-$a 525400ffff123456 525400FFFF123456 \
		10ee-7024-525400ffff123456.0; do
		check "a card is found as $name" ends 0 "address          $a" \
			ctl info "$name"
	done
	add_card $b 525400ffff123456
	check "of two cards, one must be named" ends 3 "any of: $a $b" ctl info
	check "... not by what both have" ends 3 "any of: $a $b" \
		ctl info 525400ffff123456
	check "a buffer is made on that card" ends 0 "rx: 4K at 0x1000000" \
		ctl alloc $b 4096 rx
	check "... found by its index" ends 0 "index            0" ctl info $b 0
	check "... and its label, however ls writes" ends 0 "index            0" \
		styled ctl info $b rx
	check "... and freed" ends 0 "" ctl free $b 0
	check "nothing else was written" written "alloc: 4096 rx
free: rx"
}

check_align() {
	fake_machine
	check "an alignment is asked for" ends 0 "rx: 4K at" ctl alloc 4096 rx --align=8192
	check "... also in two words, before the size" ends 0 "ry: 4K at" \
		ctl alloc --align 16384 4096 ry
	check "... without a label" ends 0 "2: 4K at" ctl alloc 4096 --align 2M
	check "... and is written" written "alloc: 4096 rx align=8192
alloc: 4096 ry align=16384
alloc: 4096 align=2M"
	check "it is shown" ends 0 "align            8192" ctl info rx
	check "... in JSON" same 8192 "$(strict 'd["buffer"]["align"]' info rx)"
	check "a key is no label" ends 2 "no label" ctl alloc 4096 align=8192
	check "an alignment is a number" ends 2 "malformed option --align=x" \
		ctl alloc 4096 --align x
	check "... and not left out" ends 2 "--align needs a value" \
		ctl alloc 4096 --align
}

# failing ERRNO-WORDS STATUS WORDS COMMAND...: ends, while writes fail with this error.
failing() {
	FAKE_ERROR=$1
	shift
	ends "$@"
}

check_errors() {
	fake_machine
	FAKE_AT=alloc
	check "EINVAL" failing "Invalid argument" 2 "refused '4Q'" ctl alloc $a 4Q
	file sys/class/pcibuf_card/$a/last_error \
		'alloc "1G": ENOMEM: no contiguous memory of that size; use alloc_sg'
	check "last_error has the word" failing "Cannot allocate memory" 6 \
		"no contiguous memory of that size; use alloc_sg" ctl alloc 1G
	check "... but not about another's request" \
		failing "Cannot allocate memory" 6 "refused '2G'" ctl alloc 2G
	check "EDQUOT" failing "Disk quota exceeded" 6 "quota" ctl alloc 2G
	check "EEXIST" failing "File exists" 5 "exists" ctl alloc 2G rx
	check "ENOSPC" failing "No space left on device" 6 "space" ctl alloc 2G
	FAKE_AT=free
	ctl alloc 4096 rx >/dev/null
	check "EBUSY" failing "Device or resource busy" 5 "busy" ctl free rx
	check "ENOENT" ends 3 "no buffer 'tx'" ctl free tx
	FAKE_AT=
	chmod 644 "$sys/class/pcibuf_card/$a/alloc"
	check "a member at whose login he was none" ends 4 \
		"log out and in" ctl_as_nobody alloc 4096
	file answers/groups-then 1000
	check "who is no member" ends 4 "adduser alice pcibuf" \
		ctl_as_nobody alloc 4096
	rm "$FAKE_ROOT/answers/user"
	check "... nor has a name" ends 4 "adduser 1000 pcibuf" \
		ctl_as_nobody alloc 4096
	file answers/user alice
	rm "$FAKE_ROOT/etc/group"
	check "no such group" ends 4 "does not exist" ctl_as_nobody alloc 4096
	check "what is root's alone" ends 4 "sudo" ctl_as_nobody mask 64
	check "a card that is not there" ends 3 "there is no card" ctl info 99:00.0
	add_device $b 8086 10d3 e1000e
	check "a card of another driver" ends 3 "but to e1000e" ctl info $b
}

check_json
check_names
check_align
check_errors
finish
