#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests pcibufctl irqs and wait with a machine made of files, and how the number of
# interrupts is saved and restored.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/unit/fake.sh
. "$top/tests/unit/fake.sh"
card=$sys/class/pcibuf_card/$a

check_irqs() {
	fake_machine
	check "no interrupts are shown" same "" "$(ctl irqs)"
	check "... as nothing in JSON" same "auto 0 []" "$(strict \
		'd["irq_type"], d["nr_irqs"], d["irqs"]' irqs | tr -d "(),'")"
	check "... and not in the list" same 1 "$(ctl list | grep -c '^CARD BUFFER\|^CARD  *BUFFER')"
	check "... which has no table of them" not grep -q IRQ "$(ctl list >"$work/list"; echo "$work/list")"
	check "interrupts are made" ends 0 "1: auto, /dev/pcibuf_irq8" ctl irqs $a 2
	check "... and who has no buffer is warned" ends 0 "pcibufctl alloc $a 4K" ctl irqs
	check "... and nothing else was written" written "nr_irqs: 2"
	check "they are in the list" ends 0 "$a  0    /dev/pcibuf_irq7  auto  3      0" ctl list
	check "... and in JSON" same "[24, 25]" \
		"$(strict '[i["irq"] for i in d["cards"][0]["irqs"]]' list)"
	check "... and in info" ends 0 "irq              1, /dev/pcibuf_irq8" ctl info
	: >"$FAKE_LOG"
	check "the type goes first" ends 0 "0: intx, /dev/pcibuf_irq7" \
		ctl irqs 1 --type=intx
	check "... in this form too" ends 0 "0: intx" ctl irqs --type intx 1
	check "... and INTx needs no buffer" same 1 "$(ctl irqs | wc -l)"
	check "that was written" written "irq_type: intx
nr_irqs: 1
irq_type: intx
nr_irqs: 1"
	check "0 takes them away" same "" "$(ctl irqs 0)"
}

check_refusals() {
	fake_machine
	check "a type needs a number" ends 2 "--type needs a number" ctl irqs --type=msi
	check "an option needs a value" ends 2 "--timeout needs a value" ctl wait 0 --timeout
	check "... a good one" ends 2 "malformed option" ctl wait 0 --timeout=x
	check "others have no such option" ends 2 "has no option" ctl list --type=msi
	check "too many numbers" ends 2 "too many arguments" ctl irqs 1 2
	check "no interrupt is named" ends 2 "no interrupt given" ctl wait
	check "there is none" ends 3 "has no interrupt '0'" ctl wait 0
	FAKE_AT=nr_irqs
	FAKE_ERROR="Operation not supported"
	check "EOPNOTSUPP" ends 1 "refused '1'" ctl irqs 1
	file sys/class/pcibuf_card/$a/last_error \
		'nr_irqs "9": ENOSPC: the card can have 4 of this type now'
	FAKE_ERROR="No space left on device"
	check "ENOSPC, in words" ends 6 "the card can have 4" ctl irqs 9
	FAKE_AT=
	add_card $b
	check "of two cards, one must be named" ends 3 "any of: $a $b" ctl irqs
	check "... and the other is left alone" ends 0 "" ctl irqs $b 1
	rm -r "$sys/class/pcibuf_card/$b"
	chmod 644 "$card/nr_irqs"
	check "root's alone" ends 4 "sudo" ctl_as_nobody irqs 1
}

check_wait() {
	fake_machine
	ctl irqs 2 >/dev/null
	for name in 1 pcibuf_irq8 /dev/pcibuf_irq8; do
		check "the interrupt $name is waited for" same 2 "$(ctl wait $name)"
	done
	check "... with a card and a limit" same 2 "$(ctl wait $a 1 --timeout 5)"
	check "... in JSON" same "1 2 256" "$(strict \
		'd["vector"], d["count"], d["time_ns"]' wait 1 | tr -d '(),')"
	rm "$FAKE_ROOT/dev/pcibuf_irq8"
	check "a node that went" ends 3 "was taken away" ctl wait 1
	mkfifo "$FAKE_ROOT/dev/pcibuf_irq8"
	exec 7<>"$FAKE_ROOT/dev/pcibuf_irq8"
	check "no interrupt for long" ends 1 "no interrupt in 0.3 seconds" \
		ctl wait 1 --timeout=0.3
	exec 7>&-
	chmod 600 "$FAKE_ROOT/dev/pcibuf_irq7"
	file answers/groups-then 1000
	check "who is no member" ends 4 "adduser alice pcibuf" ctl_as_nobody wait 0
}

check_saved() {
	fake_machine
	ctl save >/dev/null
	check "no interrupts are not saved" not grep -q irq "$FAKE_ROOT"/etc/pcibuf.d/*
	ctl irqs 3 --type msix >/dev/null
	ctl save >/dev/null
	ctl irqs 0 >/dev/null
	file sys/class/pcibuf_card/$a/irq_type auto
	: >"$FAKE_LOG"
	check "what was saved is restored" ctl restore
	check "... like this" written "irq_type: msix
nr_irqs: 3"
	check "restored again it is kept" ctl restore
	check "... and nothing is written" same 2 "$(wc -l <"$FAKE_LOG")"
	FAKE_AT=nr_irqs FAKE_ERROR="Device or resource busy"
	file sys/class/pcibuf_card/$a/nr_irqs 1
	check "a failure is told" ends 5 "busy" ctl restore
	FAKE_AT=
}

check_irqs
check_refusals
check_wait
check_saved
finish
