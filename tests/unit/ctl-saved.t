#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests pcibufctl save and restore with a machine made of files. The fake echo makes the
# buffers.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/unit/fake.sh
. "$top/tests/unit/fake.sh"
saved=$FAKE_ROOT/etc/pcibuf.d

# has CARD: print label, index, size and number of segments of each buffer of the card.
has() {
	for dir in "$sys/class/pcibuf_card/$1/buffers"/*; do
		[ ! -e "$dir" ] || (cd "$dir" && echo "$(cat label)" "$(cat index)" \
			"$(cat size)" "$(cat nr_segments)")
	done | sort
}

fill() {
	fake_machine
	ctl mask 40 >/dev/null
	ctl limit 65536 >/dev/null
	file sys/class/pcibuf_card/$a/max_buffers 16
	ctl alloc 8192 rx >/dev/null
	ctl alloc 4096 >/dev/null
	ctl alloc 4096 >/dev/null
	ctl alloc 16384 ring --sg >/dev/null
	ctl alloc 4096 >/dev/null
}

# boot [SERIAL]: replace the card by a card without buffers, as after a boot.
boot() {
	rm -rf "$sys/class/pcibuf_card/$a" "$sys/bus/pci/devices/$a"
	add_card $a "${1-525400ffff123456}"
	: >"$FAKE_LOG"
}

all_back() {
	same " 1 4096 1
 2 4096 1
 4 4096 1
ring 3 16384 2
rx 0 8192 1" "$(has $a)" &&
		same "40 65536 16" "$(cd "$sys/class/pcibuf_card/$a" &&
			cat dma_mask_bits max_bytes max_buffers | paste -sd ' ')"
}

check_round() {
	fill
	check "what there is is saved" ends 0 pci-0000-03-00.0.conf ctl save
	boot
	check "it is restored" ends 0 "allocated rx of 8K" ctl restore $a
	check "... all of it, in its order" all_back
	check "restored again it is kept" same "0 5 0" "$(strict \
		'len(d["restored"]), len(d["kept"]), len(d["failures"])' restore |
		tr -d '(),')"
	check "... and nothing more is there" all_back
	ctl free 1 >/dev/null
	check "what was freed comes back" ends 0 "allocated a buffer of 4K" ctl restore
	check "... alone" all_back
	ctl free rx >/dev/null
	ctl alloc 4096 rx >/dev/null
	check "one of another size is told" ends 5 "rx exists, but its size is not 8192" \
		ctl restore
}

check_identity() {
	for by in path serial id; do
		fill
		ctl save --by=$by >/dev/null
		boot
		check "known by $by, it is restored" ends 0 "allocated rx" ctl restore $a
		check "... all of it" all_back
	done
	fill
	ctl save >/dev/null
	boot 525400ffff999999
	check "another serial is refused" ends 5 \
		"refused: saved for a card with serial 525400ffff123456, this card has 525400ffff999999" \
		ctl restore $a
	check "... and nothing is written" written ""
	boot ''
	check "no serial is refused" ends 5 "this card has none" ctl restore $a
	boot
	file sys/bus/pci/devices/$a/device 0x7025
	check "another device is refused" ends 5 "card with device 7024" ctl restore
	boot
	file sys/bus/pci/devices/$a/vendor 0x10ef
	check "another vendor is refused" ends 5 "card with vendor 10ee" ctl restore
	check "... and nothing is written" written ""
	ctl alloc 4096 rx >/dev/null
	ctl save --by=serial >/dev/null
	rm "$saved/pci-$(echo $a | tr : -).conf"
	rm -r "$sys/class/pcibuf_card/$a" "$sys/bus/pci/devices/$a"
	add_card $b 525400ffff123456
	add_card $a 525400ffff999999
	file sys/bus/pci/devices/$b/vendor 0x10ef
	check "by serial, it follows the card" ends 0 "$b: allocated rx" ctl restore
	check "... and leaves the other alone" same "" "$(has $a)"
}

check_align() {
	fill
	ctl alloc 8192 wide --align=65536 >/dev/null
	ctl alloc 4096 --align=8192 >/dev/null
	ctl save >/dev/null
	boot
	check "alignments are restored" ends 0 "allocated wide" ctl restore
	check "... as they were" same "8192 65536" "$(cat \
		"$sys/class/pcibuf_card/$a/buffers/6/align" \
		"$sys/class/pcibuf_card/$a/buffers/wide/align" | paste -sd ' ')"
	check "... and kept the second time" same "0 7 0" "$(strict \
		'len(d["restored"]), len(d["kept"]), len(d["failures"])' restore |
		tr -d '(),')"
	ctl free 6 >/dev/null
	ctl alloc 4096 >/dev/null
	check "a buffer of less alignment is no other" ends 0 "allocated a buffer of 4K" \
		ctl restore
	ctl free wide >/dev/null
	ctl alloc 8192 wide >/dev/null
	check "... one with the label is told" ends 5 \
		"wide exists, but its alignment is less than 65536" ctl restore
}

# conf LINE...: write a configuration file with these lines.
conf() {
	mkdir -p "$saved"
	printf '%s\n' "$@" >"$saved/test.conf"
}

# while_held COMMAND...: run COMMAND while another process holds the lock of restore.
# COMMAND must wait for the lock.
while_held() {
	flock "$FAKE_ROOT/run/pcibuf.lock" sleep 3 &
	sleep 0.5
	started=$(date +%s)
	"$@" && same yes "$([ $(($(date +%s) - started)) -ge 2 ] && echo yes)"
}

# keeps_saved FILE: save keeps FILE if it cannot write the new file.
keeps_saved() {
	before=$(cat "$1")
	ctl alloc 4096 more >/dev/null
	ln -s /dev/full "$1.new"
	ends 1 "cannot write" ctl save && same "$before" "$(cat "$1")" &&
		not test -L "$1.new"
}

# only_root_locks: only root may open the lock file, because anyone who can open the file
# can hold the lock for ever.
only_root_locks() {
	rm "$FAKE_ROOT/run/pcibuf.lock"
	ctl restore >/dev/null
	same 600 "$(stat -c %a "$FAKE_ROOT/run/pcibuf.lock")"
}

# loses ATTRIBUTE COMMAND...: run COMMAND while ATTRIBUTE is empty, as for a card or
# buffer that is removed at this moment.
loses() {
	lost=$1 code=0
	shift
	mv "$lost" "$work/lost"
	: >"$lost"
	"$@" || code=$?
	mv "$work/lost" "$lost"
	return $code
}

# Buffers that are freed, and cards that leave, while they are being saved.
check_leaving() {
	fill
	ctl save >/dev/null
	good=$(cat "$saved"/pci-*)
	check "a card that leaves is not saved" loses \
		"$sys/class/pcibuf_card/$a/dma_mask_bits" \
		ends 3 "is going away" ctl save
	rm "$sys/class/pcibuf_card/$a/alloc"
	check "... nor while its buffers go" ends 3 "is going away" ctl save
	check "... and what was saved stays" same "$good" "$(cat "$saved"/pci-*)"
	fill
	check "a buffer that goes is left out" loses \
		"$sys/class/pcibuf_card/$a/buffers/rx/nr_segments" ends 0 "" ctl save
	check "... alone" same "4" "$(grep -c '^size=[0-9]' "$saved"/pci-*)"
	boot
	check "... and the file can be understood" ends 0 "allocated ring" ctl restore
}

check_others() {
	fill
	ctl save >/dev/null
	check "another file about the card is told" ends 0 \
		"each boot also restores these files, unless you remove them: $saved/pci-0000-03-00.0.conf" \
		ctl save --by=serial
	check "... by each" ends 0 "serial-525400ffff123456.conf" ctl save
	rm "$saved"/serial-*
	ctl save >"$work/said"
	check "one alone needs no words" not grep -q "also restores" "$work/said"
}

check_save() {
	fill
	ctl save >/dev/null
	check "a full disk leaves what was saved" keeps_saved \
		"$saved/pci-$(echo $a | tr : -).conf"
	add_card $b 525400ffff999999
	check "two cards of a kind are not one file" ends 3 "two cards match id:10ee:7024" \
		ctl save --by=id
	check "... but of two paths" ends 0 "$b: " ctl save
}

check_files() {
	fake_machine
	check "one at a time restores" while_held ctl restore
	check "... and saves" while_held ctl save
	rm -r "$saved"
	check "none but root can hold the others up" only_root_locks
	check "nothing saved is nothing to do" ends 0 "" ctl restore
	conf "# by hand" "" "  [card]  " "card = id:10ee:7024" "[buffer]" \
		"  size =  4k " "label= rx"
	check "blanks and comments are taken" ends 0 "allocated rx of 4K" ctl restore
	check "... and written as they should be" written "alloc: 4k rx"
	conf "[card]" card=id:10EE:7024 vendor=10EE serial=525400FFFF123456 "[buffer]" \
		size=4K label=hex
	check "capitals are hex, too" ends 0 "allocated hex of 4K" ctl restore
	conf "[card]" "card=id:ffff:ffff" "[buffer]" "size=4K" "label=other"
	check "another kind's section is passed over" ends 0 "" ctl restore
	for line in size=x label= align= align=x kind=other "[other]" word mask=64 ""; do
		conf "[card]" card=id:10ee:7024 "[buffer]" size=4K "[buffer]" "$line"
		: >"$FAKE_LOG"
		check "line '$line' is refused, with its number" ends 2 "test.conf:6: " \
			ctl restore
		check "... and the rest of that file, too" written ""
	done
	conf "[buffer]" size=4K
	check "a buffer of no card is refused" ends 2 "without a [card]" ctl restore
	conf "[card]" card=id:10ee:7024 "[buffer]" size=4K label=one "[buffer]" \
		size=4K label=two
	: >"$FAKE_LOG"
	FAKE_AT=alloc FAKE_ERROR="Cannot allocate memory"
	check "what cannot be made is told, with its label" ends 6 \
		"Cannot allocate memory" ctl restore
	check "... and the rest is tried" written "alloc: 4K one
alloc: 4K two"
}

# Files that a person writes, or that a crash leaves.
check_odd_files() {
	fake_machine
	conf "[card]" card=id:10ee:7024 "[buffer]" size=0X2000 label=capital "[buffer]" \
		size=4K label=after
	check "a capital X is hex, too" ends 0 "allocated after of 4K" ctl restore
	for line in "vendor=10ef # mine" "serial=5254 00ff" "serial=*" "device=7024 7025"; do
		conf "[card]" card=id:10ee:7024 "$line" "[buffer]" size=4K label=odd
		: >"$FAKE_LOG"
		check "'$line' is no other's" ends 5 "refused: saved for a card with" \
			ctl restore
		check "... so nothing is made" written ""
	done
	: >"$saved/test.conf"
	check "an empty file is told" ends 2 "the file is empty" ctl restore
	conf "# nothing"
	check "... one of comments alone is fine" ends 0 "" ctl restore
}

check_round
check_align
check_identity
check_save
check_leaving
check_others
check_files
check_odd_files
finish
