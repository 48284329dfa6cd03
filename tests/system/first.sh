#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest. Runs the commands of the first five minutes of README.md unchanged,
# in a machine whose card has the address that README.md names. Then tests the result
# after a reboot; after two other cards of one kind have swapped their slots; and after
# another root port has moved all cards, so that one card is at the address of its twin.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh

kept=/var/lib/first
card=0000:01:00.0 second_slot=0000:02:00.0 third_slot=0000:03:00.0
fourth_slot=0000:04:00.0

# typed COMMAND: run COMMAND in this shell, so that cd affects later commands. Show the
# output as comments.
typed() {
	points=$((points + 1)) result=ok
	eval "$1" >/tmp/said 2>&1 || result="not ok" failures=$((failures + 1))
	echo "$result $points - typed: $1"
	sed 's/^/# /' /tmp/said
}

# type_all PATTERN: run the commands of README.md that do not match PATTERN.
type_all() {
	awk -f /payload/tests/system/typed.awk /payload/README.md |
		grep -vE "$1" >/tmp/commands
	check "README.md has commands" test -s /tmp/commands
	cd /root
	while IFS= read -r line <&5; do
		typed "$line"
	done 5</tmp/commands
}

# Print the links that udev made, and the size of each link's buffer.
names() {
	udevadm settle
	for link in $(find /dev/pcibuf -type l | sort); do
		node=$(readlink -f "$link")
		echo "$link $(cat "/sys/class/pcibuf/${node##*/}/size")"
	done
}

serial_of() {
	cat "$cards/$1/serial"
}

by_path() {
	echo "/dev/pcibuf/by-path/pci-$1/$2"
}

# leads LINK CARD LABEL: LINK leads to the buffer LABEL of CARD.
leads() {
	same "$(node_of "$2" "$3")" "$(readlink -f "$1")"
}

has_buffer() {
	[ -e "$cards/$1/buffers/$2" ]
}

# old_name LABEL: print the link by-id that the buffer had at first.
old_name() {
	grep -o "^[^ ]*/by-id/[^ ]*/$1 " $kept/names | tr -d ' '
}

has_none() {
	same 0 "$(cat "$cards/$1/nr_buffers")"
}

# keep_twins CARD CARD: save a buffer on each of two cards of one kind, which have
# different serial numbers.
keep_twins() {
	pcibufctl bind "$1" --force --persist && pcibufctl bind "$2" --force --persist &&
		pcibufctl alloc "$1" 64K first && pcibufctl alloc "$2" 128K second &&
		pcibufctl save "$1" && pcibufctl save "$2" &&
		serial_of "$1" >$kept/first && serial_of "$2" >$kept/second
}

# Enable the example of a service, for the buffer of README.md.
enable_service() {
	sed "s/0000:03:00\\.0/$card/g" \
		/usr/share/doc/pcibuf-tools/examples/pcibuf-app.service \
		>/etc/systemd/system/pcibuf-app.service && systemctl enable pcibuf-app
}

refused_there() {
	systemctl is-failed "pcibuf-restore@$1" &&
		journalctl -b -u "pcibuf-restore@$1" | grep -F "$2"
}

stage_1() {
	mkdir -p $kept
	echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/90yes
	check "apt knows the packages" /payload/tests/system/add-archive.sh
	type_all '^$'
	check "two more cards, of one kind, are bound and saved" \
		keep_twins $second_slot $third_slot
	check "a service is to start with the buffer" enable_service
	names >$kept/names
	check "both have names by path and by id" same 4 \
		"$(grep -cE '/(first|second) ' $kept/names)"
}

stage_2() {
	check "the buffers are there again, by the same names" \
		eventually same_names
	# Run all commands except those that install, bind, allocate or save.
	type_all '^apt|^pcibufctl (bind|alloc|save)'
	check "the service has started with its buffer" \
		eventually systemctl is-active pcibuf-app
	check "... after what restores it" started_after \
		pcibuf-app "pcibuf-restore@$card"
	check "doctor finds no fault" pcibufctl doctor
}

same_names() {
	same "$(cat $kept/names)" "$(names)"
}

# started_after UNIT EARLIER: UNIT started after EARLIER ended, by the clock of systemd.
started_after() {
	later=$(systemctl show -p ExecMainStartTimestampMonotonic --value "$1")
	earlier=$(systemctl show -p ExecMainExitTimestampMonotonic --value "$2")
	[ "$earlier" -gt 0 ] && [ "$later" -ge "$earlier" ]
}

# is_now CARD WHO: the card at this address is now WHO of the two.
is_now() {
	same "$(cat "$kept/$2")" "$(serial_of "$1")"
}

stage_3() {
	check "the second is where the first was" eventually \
		is_now $second_slot second
	check "... and the first where the second was" eventually \
		is_now $third_slot first
	for slot in $second_slot $third_slot; do
		check "what was saved for the other is refused in $slot" eventually \
			refused_there "$slot" "refused: saved for a card with serial"
		check "... and no buffer is made" has_none "$slot"
	done
	check "doctor says so" refused "not every saved buffer of $second_slot was restored" \
		pcibufctl doctor
	pcibufctl alloc $second_slot 128K second >/dev/null
	udevadm settle
	check "the name by id follows the card" leads "$(old_name second)" \
		$second_slot second
	check "the name by path is the slot's" leads \
		"$(by_path $second_slot second)" $second_slot second
	check "... and nothing has the old one" not \
		test -e "$(by_path $third_slot second)"
	check "the second is saved by its serial number" \
		pcibufctl save $second_slot --by=serial
	check "the card of the README has its buffer" has_buffer $card rx
}

stage_4() {
	check "one more port has moved the first to where its twin was" eventually \
		is_now $third_slot first
	check "... and its twin one further" eventually is_now $fourth_slot second
	check "what was saved for the twin's slot is refused" eventually \
		refused_there $third_slot "refused: saved for a card with serial"
	check "... and no buffer is made" has_none $third_slot
	check "the README's card is refused what was saved for its new slot" \
		eventually refused_there $second_slot "saved for a card with vendor 8086"
	check "... and no buffer is made" has_none $second_slot
	check "what was saved by serial number has followed the twin" \
		eventually has_buffer $fourth_slot second
	udevadm settle
	check "... and so has its name by id" leads "$(old_name second)" \
		$fourth_slot second
	check "nothing is where the README's card was" not test -e $cards/$card
	check "... and the service does not run" not systemctl is-active pcibuf-app
}

"stage_$PCIBUF_STAGE"
finish
