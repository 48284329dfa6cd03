# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests two cards with one serial number: $net, and a card that is plugged in in place of
# $spare. The second card has the MAC address that QEMU gives to the first network card.
# The serial number is made from the MAC address.
: "${cards:=}" "${pci:=}" "${net:=}" "${spare:=}"

# The guest may not notice a card that is plugged in directly after another card was
# unplugged, so rescan the bus.
present_now() {
	put 1 "$pci/rescan" && [ -e "$pci/devices/$1" ]
}

plug_twin() {
	echo "@hmp device_del card3" >/dev/ttyS1
	eventually not test -e "$pci/devices/$spare" || return
	echo "@hmp device_add e1000e,id=twin,bus=rp3,romfile=,mac=52:54:00:12:34:56" \
		>/dev/ttyS1
	eventually present_now "$spare"
}

# rx_links CARD...: the links are the rx of each card by-path, and also by-id if there is
# only one card.
rx_links() {
	links_are "$({
		for card; do
			link_line "$(by_path "$card" rx)" "$card" rx
		done
		[ $# -gt 1 ] || link_line "$(by_id "$1" rx)" "$1" rx
	} | sort)"
}

test_twins() {
	check "a card has a buffer" put "64K rx" "$cards/$net/alloc"
	check "... and, since it has a serial number, a link by id" \
		rx_links "$net"
	check "its twin is plugged in" plug_twin
	check "... and claimed" claim "$spare"
	check "... and has the same serial number" \
		cmp "$cards/$net/serial" "$cards/$spare/serial"
	check "... and has a buffer of that name" put "64K rx" "$cards/$spare/alloc"
	check "neither of them has links by id" \
		eventually rx_links "$net" "$spare"
	check "... and the journal says so" \
		eventually journal_says "have the same identity"
	check "the twin goes" unclaim "$spare"
	check "... and the other has its link by id again" \
		eventually rx_links "$net"
	check "all is freed" free_all
}
