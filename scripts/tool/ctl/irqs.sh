# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: irqs and wait.
: "${root:=}" "${class:=}" "${json:=}" "${card:=}" "${taken:=}" "${named:=}" "${value:=}"
: "${type:=}" "${seconds:=}" "${link:=}" "${fault:=}" "${why:=}" "${cure:=}"

# irq_attr CARD VECTOR ATTRIBUTE: read an attribute of an interrupt into $value; empty if
# it cannot be read.
irq_attr() {
	attr "$class/$1/irqs/$2/$3" || value=
}

# irqs CARD: the numbers of its interrupts, in their order.
irqs() {
	for dir in "$class/$1/irqs"/*; do
		[ ! -e "$dir" ] || echo "${dir##*/}"
	done | sort -n
}

# irq_node CARD VECTOR: set $node to the node of an interrupt, as the kernel names it.
irq_node() {
	node=$(readlink "$class/$1/irqs/$2") || node=
	node=/dev/${node##*/}
}

# json_irqs CARD: the fields of a card that are about interrupts.
json_irqs() {
	card_attr "$1" irq_type
	printf ',"irq_type":%s' "$(jo "$value")"
	json_numbers card_attr "$1" nr_irqs
	printf ',"irqs":['
	comma=
	for vector in $(irqs "$1"); do
		printf '%s{"vector":%s' "$comma" "$vector"
		json_numbers irq_attr "$1 $vector" irq count open_count
		irq_node "$1" "$vector"
		link_of "$1" "-irq$vector"
		printf ',"node":%s,"link":%s}' "$(js "$node")" "$(jo "$link")"
		comma=,
	done
	printf ']'
}

irq_rows() {
	echo "CARD IRQ NODE TYPE COUNT OPEN"
	for card in $(cards); do
		card_attr "$card" irq_type
		shown=${value:--}
		for vector in $(irqs "$card"); do
			irq_node "$card" "$vector"
			row="$card $vector $node $shown"
			for name in count open_count; do
				irq_attr "$card" "$vector" $name
				row="$row ${value:--}"
			done
			echo "$row"
		done
	done
}

# silent_msi CARD: whether the card has interrupts that cannot arrive, because it has no
# buffer, and so is not a bus master.
silent_msi() {
	card_attr "$1" nr_irqs
	[ "${value:-0}" != 0 ] || return 1
	card_attr "$1" irq_type
	[ "$value" != intx ] || return 1
	card_attr "$1" nr_buffers
	[ "${value:-1}" = 0 ]
}

tell_irqs() {
	if [ -n "$json" ]; then
		answer "\"address\":$(js "$1")$(json_irqs "$1")"
		return
	fi
	card_attr "$1" irq_type
	for vector in $(irqs "$1"); do
		irq_node "$1" "$vector"
		echo "$vector: $value, $node"
	done
	! silent_msi "$1" ||
		note "MSIs arrive only while the card has a buffer: pcibufctl alloc $1 4K"
}

do_irqs() {
	take_card "$@"
	shift "$taken"
	[ $# -le 1 ] || wrong_usage "too many arguments"
	[ $# = 1 ] || [ -z "$type" ] || wrong_usage "--type needs a number"
	[ -z "$type" ] || request "$card" irq_type "$type"
	[ $# = 0 ] || request "$card" nr_irqs "$1"
	tell_irqs "$card"
}

# need_irq CARD NAME: set $vector and $node to those of an interrupt. NAME is its number
# on the card, or its node.
need_irq() {
	for vector in $(irqs "$1"); do
		irq_node "$1" "$vector"
		case $2 in
		"$vector" | "${node#/dev/}" | "$node") return ;;
		esac
	done
	fail 3 no_irq "$1 has no interrupt '$2'" \
		"pcibufctl list shows its interrupts; root makes some: pcibufctl irqs $1 NUMBER"
}

# event_of NODE: print the number of interrupts and the time, in ns; or what went wrong,
# or nothing after $seconds. One read returns 16 bytes.
event_of() {
	{ ${seconds:+timeout "$seconds"} dd if="$1" bs=16 count=1 status=none 2>&3 |
		od -An -v -t u8; } 3>&1
}

# Only the errors of dd have a colon.
wait_failed() {
	case $1 in
	*"Permission denied"*)
		explain_group "$card"
		fail 4 "$fault" "$why" "$cure"
		;;
	*"No such device"* | *"No such file"*)
		fail 3 ENODEV "the interrupt was taken away" "pcibufctl list shows what there is"
		;;
	*:*:*) fail 1 wait_failed "$node: ${1##*: }" ;;
	*) fail 1 timeout "no interrupt in $seconds seconds" \
		"MSIs arrive only while the card has a buffer; pcibufctl info shows irq_type" ;;
	esac
}

do_wait() {
	take_card_and interrupt "$@"
	need_irq "$card" "$named"
	said=$(event_of "$root$node") || :
	# shellcheck disable=SC2086 # words
	set -- $said
	case $#$* in
	2*[!0-9\ ]* | [!2]*) wait_failed "$said" ;;
	esac
	if [ -n "$json" ]; then
		answer "\"address\":$(js "$card"),\"vector\":$vector,\"count\":$1,\"time_ns\":$2"
	else
		echo "$1"
	fi
}
