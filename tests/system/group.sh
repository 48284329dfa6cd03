# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests the permissions of cards. $a and $b are two cards of one kind.
: "${cards:=}" "${payload:=}" "${a:=}" "${b:=}"

rules=/run/udev/rules.d/59-pcibuf-local.rules

make_users() {
	groupadd --system daq && useradd alice && useradd -G daq bob
}

member() {
	runuser -u "$1" -- "$payload/bin/member" "$2" "$3"
}

# all_closed USER CARD: USER can open neither the files of the card nor its buffer.
all_closed() {
	open=
	for file in alloc alloc_sg free revoke last_error max_bytes max_buffers \
		dma_mask_bits gid buffers/rx/dma_addr buffers/rx/segments; do
		! can_open "$1" "$cards/$2/$file" '>' || open="$open $file"
	done
	for file in last_error buffers/rx/dma_addr buffers/rx/segments; do
		! can_open "$1" "$cards/$2/$file" '<' || open="$open $file"
	done
	for how in '<' '>' '<>'; do
		! can_open "$1" "$(node_of "$2" rx)" "$how" || open="$open node"
	done
	same "" "$open"
}

# can_open USER FILE DIRECTION: open the file with a redirection of a shell, which does
# nothing else.
can_open() {
	runuser -u "$1" -- sh -c ": $3 \"\$1\"" _ "$2" 2>/dev/null
}

# closed_by_link USER CARD: a link to the node exists, but USER cannot open the node
# through the link.
closed_by_link() {
	udevadm settle
	[ -e "$(by_path "$2" rx)" ] && ! can_open "$1" "$(by_path "$2" rx)" '<'
}

# Print directories and links in /dev/pcibuf that a user other than root can change.
loose_names() {
	find /dev/pcibuf ! -user root -o ! -type l -perm /022
}

apply_rules() {
	udevadm control --reload
	udevadm trigger --settle --subsystem-match=pcibuf_card
}

preset() {
	mkdir -p "${rules%/*}"
	echo "SUBSYSTEM==\"pcibuf_card\", KERNEL==\"$1\", ENV{PCIBUF_GROUP}=\"$2\"" \
		>$rules
	apply_rules
}

test_groups() {
	check "a user joins the group" usermod -aG pcibuf alice
	check "a member opens what he made at once, 100 times of 100" \
		member alice "$a" 100
	check "the card has a buffer" put "64K rx" "$cards/$a/alloc"
	check "who is not in the group can open nothing" all_closed bob "$a"
	check "... and the test would have seen it" \
		not all_closed alice "$a"
	check "... nor by its link" closed_by_link bob "$a"
	check "... which a member can open" not closed_by_link alice "$a"
	check "names in /dev are root's to change" same "" "$(loose_names)"
	check "it is freed" put rx "$cards/$a/free"

	preset "$b" daq
	check "a rule of the site moves a card to another group" gid_is "$b" daq
	check "... whose members use it" member bob "$b" 10
	check "... and whose members only" not member alice "$b" 1
	check "... while the other card stays where it was" member alice "$a" 10
	preset "$b" nosuchgroup
	check "a group that does not exist changes nothing" gid_is "$b" daq
	check "... and the journal says so" eventually journal_says nosuchgroup
	preset "$b" root
	check "root switches it off" gid_is "$b" root
	check "... for everybody" not member bob "$b" 1
	rm $rules
	apply_rules
	check "without that rule the card is back in its group" gid_is "$b" pcibuf
}
