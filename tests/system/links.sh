# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests names under /dev. $a and $b are two cards of one kind, $net has a serial number.
: "${cards:=}" "${a:=}" "${b:=}" "${net:=}"

by_path() {
	echo "/dev/pcibuf/by-path/pci-$1/$2"
}

by_id() {
	echo "/dev/pcibuf/by-id/8086-10d3-$(cat "$cards/$1/serial").0/$2"
}

# link_line PATH CARD BUFFER: print the expected line of links().
link_line() {
	echo "$1 $(node_of "$2" "$3")"
}

one_card_links() {
	put "64K rx" "$cards/$net/alloc"
	put "64K" "$cards/$net/alloc"
	put "64K" "$cards/$a/alloc"
	links_are "$({
		link_line "$(by_id "$net" 1)" "$net" 1
		link_line "$(by_id "$net" rx)" "$net" rx
		link_line "$(by_path "$a" 0)" "$a" 0
		link_line "$(by_path "$net" 1)" "$net" 1
		link_line "$(by_path "$net" rx)" "$net" rx
	} | sort)"
}

free_all() {
	for buffer in "$cards"/*/buffers/*; do
		[ ! -e "$buffer" ] ||
			put "${buffer##*/}" "${buffer%/*/*}/free" || return
	done
}

# irq_line PATH CARD VECTOR: print the expected line of links() for an interrupt.
irq_line() {
	node=$(readlink "$cards/$2/irqs/$3")
	echo "$1 /dev/${node##*/}"
}

interrupt_links() {
	put 1 "$cards/$net/nr_irqs" && put 1 "$cards/$a/nr_irqs" || return
	id=$(by_id "$net" "")
	links_are "$({
		irq_line "${id%/}-irq0" "$net" 0
		irq_line "/dev/pcibuf/by-path/pci-$a-irq0" "$a" 0
		irq_line "/dev/pcibuf/by-path/pci-$net-irq0" "$net" 0
	} | sort)"
}

no_interrupts() {
	put 0 "$cards/$net/nr_irqs" && put 0 "$cards/$a/nr_irqs" && links_are ""
}

# twin_links: the links are right while both cards have a buffer rx.
twin_links() {
	links_are "$({
		link_line "$(by_path "$a" rx)" "$a" rx
		link_line "$(by_path "$b" rx)" "$b" rx
	} | sort)"
}

# probe_in_order FIRST SECOND: bind the cards in this order and allocate their buffers, so
# that the buffers swap numbers too.
probe_in_order() {
	unclaim "$a" && unclaim "$b" && claim "$1" && claim "$2" &&
		put "64K rx" "$cards/$1/alloc" && put "64K rx" "$cards/$2/alloc"
}

tagged() {
	udevadm info -q property "$(node_of "$1" "$2")" | grep 'TAGS=.*:systemd:'
}

test_links() {
	check "labels and indices, by path and by id, and nothing else" \
		one_card_links
	check "buffers are units of systemd" tagged "$net" rx
	check "buffers are freed" free_all
	check "... and their links go with them" links_are ""
	check "interrupts have links by path and by id" interrupt_links
	check "... which go with them" no_interrupts
	check "cards of one kind are probed in one order" \
		probe_in_order "$a" "$b"
	check "... and each link leads to its own card's buffer" twin_links
	check "a label cannot be taken twice on one card" \
		refused "File exists" put "64K rx" "$cards/$a/alloc"
	check "they are probed in the other order" probe_in_order "$b" "$a"
	check "... and each link leads to its own card's buffer" twin_links
	check "all is freed" free_all
}
