# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Two cards with one serial number: $net, and one plugged in the place of $spare
# with the address that QEMU gives to the first network card, from which the
# serial number is made.
: "${cards:=}" "${pci:=}" "${net:=}" "${spare:=}"

plug_twin() {
	echo "@hmp device_del card3" >/dev/ttyS1
	eventually not test -e "$pci/devices/$spare" || return
	echo "@hmp device_add e1000e,id=twin,bus=rp3,romfile=,mac=52:54:00:12:34:56" \
		>/dev/ttyS1
	eventually test -e "$pci/devices/$spare"
}

# rx_links CARD...: the expected links to the rx of each by its path, and by its
# id where there is one card only.
rx_links() {
	links_are "$({
		for card; do
			link_line "$(by_path "$card" rx)" "$card" rx
		done
		[ $# -gt 1 ] || link_line "$(by_id "$1" rx)" "$1" rx
	} | sort)"
}

test_twins() {
	put "64K rx" "$cards/$net/alloc"
	check "a card with a serial number has its link by id" \
		rx_links "$net"
	check "its twin is plugged in" plug_twin
	check "... and claimed" claim "$spare"
	check "... and has the same serial number" same \
		"$(cat "$cards/$net/serial")" "$(cat "$cards/$spare/serial")"
	put "64K rx" "$cards/$spare/alloc"
	check "neither of them has links by id" \
		eventually rx_links "$net" "$spare"
	check "... and the journal says so" \
		eventually journal_says "have one identity"
	check "the twin goes" unclaim "$spare"
	check "... and the other has its link by id again" \
		eventually rx_links "$net"
	check "all is freed" free_all
}
