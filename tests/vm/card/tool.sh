#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In the fast guest: pcibufctl with the driver itself. This program tests the messages
# that come from the driver. tests/unit/ctl*.t test the others.
set -eu
# shellcheck source=tests/system/lib.sh
. /tests/lib.sh
PATH=/tests:$PATH
devices=/sys/bus/pci/devices

# address VENDOR DEVICE
address() {
	for dir in "$devices"/*; do
		[ "$(cat "$dir/vendor") $(cat "$dir/device")" != "0x$1 0x$2" ] ||
			echo "${dir##*/}"
	done
}

# ends STATUS WORDS COMMAND...
ends() {
	wanted=$1 words=$2 status=0
	shift 2
	said_there=$("$@" 2>&1) || status=$?
	case $status:$said_there in
	"$wanted:"*"$words"*) ;;
	*)
		echo "status $status: $said_there"
		return 1
		;;
	esac
}

as() {
	user=$1
	shift
	su -s /bin/sh "$user" -c "PATH=$PATH; $*"
}

# The buffers of the card, in a form that stays the same over a restore.
inventory() {
	for dir in "$cards/$edu"/buffers/*; do
		echo "${dir##*/} $(cat "$dir/index" "$dir/size" | tr '\n' ' ')"
	done
	cat $cards/"$edu"/dma_mask_bits $cards/"$edu"/max_bytes \
		$cards/"$edu"/max_buffers
}

# The list without the parts that differ from run to run.
told() {
	pcibufctl list --json | sed -e "s/$edu/EDU/g; s/$net/NET/g" \
		-e 's/0x[0-9a-f]\{4,\}/0xN/g; s/"\(max_[a-z]*\)":[0-9]*/"\1":N/g'
}

test_bind() {
	check "no card is told in words" ends 0 "No cards" pcibufctl list
	check "... and in JSON" same '{"schema":1,"command":"list","ok":true,"cards":[]}' \
		"$(pcibufctl list --json)"
	check "a card is bound by its kind" ends 0 "$edu is bound" \
		pcibufctl bind 1234:11e8
	check "... really" test -d "$cards/$edu"
	check "a card with a driver is refused" ends 5 "has the driver e1000e" \
		pcibufctl bind "$net"
	ip link set eth0 up
	check "... whose interface is up" ends 5 "interface eth0 is up" \
		pcibufctl bind "$net"
	check "--force takes it" ends 0 "$net is bound" pcibufctl bind "$net" --force
	check "... really" test -d "$cards/$net"
	check "a card of two is found by its serial" ends 0 "$net" \
		pcibufctl info "$(cat "$cards/$net/serial")"
	check "... and let go" ends 0 unbound pcibufctl unbind "$net"
	check "... really" not test -d "$cards/$net"
}

test_alloc() {
	check "a mask is set" ends 0 40 pcibufctl mask 40
	check "... really" same 40 "$(cat "$cards/$edu/dma_mask_bits")"
	check "a limit is set" ends 0 16777216 pcibufctl limit 16M
	put 17 "$cards/$edu/max_buffers"
	check "a buffer is made" ends 0 "rx: 4M at 0x" pcibufctl alloc 4M rx
	check "... really" same 4194304 "$(cat "$cards/$edu/buffers/rx/size")"
	check "one without a label" ends 0 "1: 4K at 0x" pcibufctl alloc 1
	check "one of segments" ends 0 "ring: 1M " pcibufctl alloc 1M ring --sg
	check "JSON tells all of it" same '{"schema":1,"command":"list","ok":true,"cards":[{"address":"EDU","vendor":"1234","device":"11e8","serial":null,"iommu":"none","dma_mask_bits":40,"max_bytes":N,"allocated_bytes":5246976,"max_buffers":N,"nr_buffers":3,"gid":0,"last_error":null,"buffers":[{"name":"1","label":null,"index":1,"size":4096,"align":4096,"nr_segments":1,"numa_node":-1,"open_count":0,"dma_addr":"0xN","backing":"pages","node":"/dev/pcibuf1","link":null,"segments":[{"offset":"0xN","dma_addr":"0xN","length":"0xN"}]},{"name":"ring","label":"ring","index":2,"size":1048576,"align":4096,"nr_segments":1,"numa_node":-1,"open_count":0,"dma_addr":"0xN","backing":"pages","node":"/dev/pcibuf2","link":null,"segments":[{"offset":"0xN","dma_addr":"0xN","length":"0xN"}]},{"name":"rx","label":"rx","index":0,"size":4194304,"align":4096,"nr_segments":1,"numa_node":-1,"open_count":0,"dma_addr":"0xN","backing":"pages","node":"/dev/pcibuf0","link":null,"segments":[{"offset":"0xN","dma_addr":"0xN","length":"0xN"}]}],"irq_type":"auto","nr_irqs":0,"irqs":[]}]}' \
		"$(told)"
	check "an alignment is honoured" ends 0 "al: 64K at 0x" \
		pcibufctl alloc 64K al --align 64K
	check "... really" same 65536 "$(cat "$cards/$edu/buffers/al/align")"
	check "... or refused in words" ends 2 "not a power of two" \
		pcibufctl alloc 64K am --align=65535
	check "... and freed" ends 0 "" pcibufctl free al
	check "a label twice" ends 5 "free that buffer or choose another label" pcibufctl alloc 4K rx
	check "over the limit" ends 6 "over max_bytes, the quota of this card" pcibufctl alloc 64M
	check "a blank before the unit" ends 2 "alloc_sg take SIZE" pcibufctl alloc 5 MB
	check "a mask while there are buffers" ends 5 "free all buffers" pcibufctl mask 64
	(
		exec 3<>/dev/pcibuf0
		ends 5 "close and unmap" pcibufctl free rx
	) >/tmp/said 2>&1 && status=ok || status=bad
	check "free while open" same ok "$status$(cat /tmp/said)"
}

test_members() {
	check "who is not in the group" ends 4 "only root can use it" as bob pcibufctl alloc 4K
	put 900 "$cards/$edu/gid"
	check "... is told which one it is" ends 4 "adduser bob pcibuf" \
		as bob pcibufctl alloc 4K
	check "a member makes a buffer" ends 0 "own: 4K" as alice pcibufctl alloc 4K own
	check "... and frees it" ends 0 "" as alice pcibufctl free own
	check "... but sets no mask" ends 4 "only root" as alice pcibufctl mask 64
}

test_saved() {
	inventory >/tmp/before
	check "all is saved" ends 0 /etc/pcibuf.d pcibufctl save
	check "a card in use stays" ends 5 "has buffers: 1 ring rx" \
		pcibufctl unbind "$edu"
	check "it is rebound" ends 0 "is unbound" pcibufctl unbind --force
	check "... and empty" ends 0 "is bound" pcibufctl bind "$edu"
	check "... really" not test -d "$cards/$edu/buffers/rx"
	check "what was saved is restored" ends 0 "allocated rx of 4M" pcibufctl restore
	check "... as it was" same "$(cat /tmp/before)" "$(inventory)"
	check "a second time it is kept" ends 0 '"restored":[],"kept":[{' \
		pcibufctl restore --json
	check "... as it was" same "$(cat /tmp/before)" "$(inventory)"
	check "another card takes the slot's file" ends 0 "is bound" \
		pcibufctl bind "$net"
	sed -i "s/pci-$edu/pci-$net/" /etc/pcibuf.d/*.conf
	check "... and is refused" ends 5 "refused: saved for a card with vendor 1234" \
		pcibufctl restore "$net"
	check "... really" same 0 "$(cat "$cards/$net/nr_buffers")"
}

# register OFFSET VALUE: write to a register of the card.
register() {
	read -r bar _ <"$devices/$edu/resource"
	busybox devmem $((bar + $1)) 32 "$2"
}

# raised USER: the interrupt that the card raises is what USER waits for.
raised() {
	as "$1" pcibufctl wait "$edu" 0 --timeout 20 >/tmp/waited 2>&1 &
	while [ "$(cat "$cards/$edu/irqs/0/open_count")" = 0 ]; do
		sleep 0.1
	done
	register 0x60 1
	wait $!
	register 0x64 1
	same 1 "$(cat /tmp/waited)"
}

test_irqs() {
	put 900 "$cards/$edu/gid"
	for type in intx msi; do
		check "the card gets an interrupt, $type" ends 0 "0: $type, /dev/pcibuf_irq" \
			pcibufctl irqs "$edu" 1 --type=$type
		check "... which root waits for" raised root
		check "... and a member" raised alice
		check "... and nobody else" ends 4 "not a member" \
			as bob pcibufctl wait "$edu" 0
		check "... for so long" ends 1 "no interrupt in 1 seconds" \
			pcibufctl wait "$edu" 0 --timeout 1
		check "more than there are" ends 5 "only 0 takes them" \
			pcibufctl irqs "$edu" 2
		check "it is taken away" ends 0 "" pcibufctl irqs "$edu" 0
		check "... really" ends 3 "has no interrupt" pcibufctl wait "$edu" 0
	done
	check "more than the card has" ends 6 "the card can have 1 of" \
		pcibufctl irqs "$edu" 2
	check "only root gets interrupts" ends 4 "only root" as alice pcibufctl irqs "$edu" 1
	check "they are saved" ends 0 "" sh -c \
		"pcibufctl irqs $edu 1 --type=intx && pcibufctl save $edu && pcibufctl irqs $edu 0"
	check "... and restored" ends 0 "0: intx" sh -c \
		"pcibufctl restore $edu >/dev/null; pcibufctl irqs $edu"
	check "... and are in the list" ends 0 '"irq_type":"intx","nr_irqs":1,"irqs":[{' \
		pcibufctl list --json
	check "they are taken away" ends 0 "" pcibufctl irqs "$edu" 0
}

# This guest really has no IOMMU, no rules and no udevd.
test_doctor() {
	check "doctor finds that no IOMMU translates" ends 1 '"name":"no_iommu"' \
		pcibufctl doctor --json
	check "... and that there are no rules" ends 1 '"name":"no_rules"' \
		pcibufctl doctor --json
	mkdir -p /usr/lib/udev/rules.d
	: >/usr/lib/udev/rules.d/60-persistent-pcibuf.rules
	check "... and, with rules, no udevd" ends 1 \
		"do: systemctl start systemd-udevd" pcibufctl doctor
}

edu=$(address 1234 11e8)
net=$(address 8086 10d3)
test_bind
test_alloc
test_members
test_irqs
test_saved
test_doctor
finish
