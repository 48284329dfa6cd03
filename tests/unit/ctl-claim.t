#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests pcibufctl bind, unbind and recover with a machine made of files.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/unit/fake.sh
. "$top/tests/unit/fake.sh"
claims=$FAKE_ROOT/etc/modprobe.d/pcibufctl.conf

driver_is() {
	same "$2" "$(basename "$(readlink "$sys/bus/pci/devices/$1/driver")" || :)"
}

# Make a machine with a second card, which is bound to another driver.
machine() {
	fake_machine
	add_device $b 8086 10d3 e1000e
	file sys/bus/pci/drivers/e1000e/unbind ''
	: >"$FAKE_LOG"
}

check_bind() {
	machine
	check "a card that has a driver is refused" ends 5 "has the driver e1000e" \
		ctl bind $b
	check "... and keeps it" driver_is $b e1000e
	file sys/bus/pci/devices/$b/net/eth7/flags 0x1002
	check "an interface that is down is nothing" ends 5 "driver e1000e
" ctl bind $b
	file sys/bus/pci/devices/$b/net/eth7/flags 0x1003
	check "one that is up is named" ends 5 "interface eth7 is up" ctl bind $b
	file sys/bus/pci/devices/$b/nvme/nvme0/nvme0n1/dev 254:0
	mkdir "$sys/bus/pci/devices/$b/nvme/nvme0/nvme0n1/holders"
	check "a mounted disk is named" ends 5 "nvme0n1 is mounted" ctl bind $b
	file proc/self/mountinfo "1 1 0:25 / / rw shared:1 - btrfs /dev/nvme0n1 rw"
	check "... also where only its name tells" ends 5 "nvme0n1 is mounted" ctl bind $b
	file proc/self/mountinfo "1 1 0:25 / / rw shared:1 - btrfs /dev/nvme0n11 rw"
	check "... and not another of a like name" ends 5 "driver e1000e; network interface eth7 is up
" ctl bind $b
	check "nothing was written meanwhile" written ""
	check "--force takes it" ends 0 "$b is bound to pcibuf" ctl bind 04:00.0 --force
	check "... from its driver" driver_is $b pcibuf
	check "... in this order" written "unbind: $b
driver_override: pcibuf
drivers_probe: $b"
	: >"$FAKE_LOG"
	check "what is bound is bound" ends 0 "is bound" ctl bind $b
	check "... with nothing to write" written ""
}

check_failures() {
	machine
	FAKE_AT=driver_override FAKE_ERROR="No such device"
	check "a card that pcibuf does not take" ends 1 "does not bind $b: No such device" \
		ctl bind $b --force
	FAKE_AT=
	rm -r "$sys/bus/pci/drivers/pcibuf" "$sys/class/pcibuf_card"
	rm "$FAKE_ROOT"/lib/modules/*/updates/dkms/pcibuf.ko
	check "no module" ends 7 "was not built" ctl bind $b --force
	check "... which is not the cure for a wrong address" ends 3 "no card '99:00.0'" \
		ctl bind 99:00.0
	check "... nor for a wrong kind" ends 3 "no card 1234:5678" ctl bind 1234:5678
	check "no such card" ends 3 "no card '99:00.0'" ctl bind 99:00.0
	machine
	check "a card by its kind" ends 5 "$b has the driver" ctl bind 8086:10D3
	add_device 0000:05:00.0 8086 10d3
	check "... where there is one of it" ends 3 "any of: $b 0000:05:00.0" \
		ctl bind 8086:10d3
	for n in 0 1 2 3 4 5 6 7; do
		add_device 0000:06:00.$n 8086 10d3
		add_device 0000:06:01.$n 8086 10d3
	done
	add_device 0000:06:02.0 8086 10d3
	check "... of nineteen, too" ends 3 "any of: $b" ctl bind 8086:10d3 --force
	chmod 444 "$sys/bus/pci/drivers_probe"
	check "who is not root" ends 4 "sudo" ctl_as_nobody bind $b --force
}

check_persist() {
	machine
	check "a card is taken for good" ends 0 "now and at each boot" \
		ctl bind $b --force --persist
	check "... and another" ends 0 "now and at each boot" ctl bind $a --persist
	check "JSON says that it is for good" same True \
		"$(strict 'd["persistent"]' bind $b)"
	check "modprobe.d names both, in one line of ids" same \
		"# Written by pcibufctl bind --persist; unbind --persist removes a line.
alias pci:v000010EEd00007024sv*sd*bc*sc*i* pcibuf
alias pci:v00008086d000010D3sv*sd*bc*sc*i* pcibuf
options pcibuf ids=10ee:7024,8086:10d3" "$(cat "$claims")"
	check "... also when it is let go until then" same "None True" "$(strict \
		'"%s %s" % (d["driver"], d["persistent"])' unbind $b)"
	check "... and bound again" ends 0 "is bound" ctl bind $b
	check "one is given back" ends 0 "is unbound" ctl unbind $b --persist
	check "... and the other stays" same "options pcibuf ids=10ee:7024" \
		"$(grep options "$claims")"
	check "the other, too" ends 0 "is unbound" ctl unbind $a --persist
	check "... and no file is left" not test -e "$claims"
	file etc/modprobe.d/mine.conf "options pcibuf max_total=1G ids=1234:11e8"
	machine_conf=$(cat "$FAKE_ROOT/etc/modprobe.d/mine.conf")
	ln -s ../../drivers/e1000e "$sys/bus/pci/devices/$b/driver"
	check "ids of another file are not hidden" ends 5 "mine.conf already sets ids" \
		ctl bind $b --force --persist
	check "... nor changed" same "$machine_conf" \
		"$(cat "$FAKE_ROOT/etc/modprobe.d/mine.conf")"
	check "... and the card stays where it is" driver_is $b e1000e
	file etc/modprobe.d/mine.conf "options pcibuf max_total=1G ids=8086:10D3"
	check "what another file promises needs none of ours" ends 0 "now and at each boot" \
		ctl bind $b --force --persist
	check "... and gets none" not test -e "$claims"
	check "let go, it is still promised" ends 0 "modprobe.d still assigns it to pcibuf" \
		ctl unbind $b
}

check_unbind() {
	machine
	ctl alloc 4096 rx >/dev/null
	echo 2 >"$sys/class/pcibuf_card/$a/buffers/rx/open_count"
	check "a card with buffers is not let go" ends 5 "rx (open)" ctl unbind
	check "... and stays" driver_is $a pcibuf
	check "--force lets it go" ends 0 "is unbound" ctl unbind --force
	check "... really" not test -e "$sys/class/pcibuf_card/$a"
}

check_recover() {
	machine
	check "a card is recovered" ends 0 "has the configuration" ctl recover $a
	check "... by its attribute" written "recover: 1"
	FAKE_AT=recover FAKE_ERROR="No such device or address"
	check "another card is not" ends 5 "recover of $a refused" ctl recover
	FAKE_ERROR="Input/output error"
	check "... nor one that is silent" ends 1 "recover of $a refused" ctl recover
	FAKE_AT=
	check "a card of another driver is not" ends 3 "not bound to pcibuf" ctl recover $b
}

check_bind
check_failures
check_persist
check_unbind
check_recover
finish
