# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: finding cards and reading what they show.
: "${root:=}"

sys=$root/sys
class=$sys/class/pcibuf_card
devices=$sys/bus/pci/devices

# attr FILE: its first line in $value. Fails where it cannot be read.
attr() {
	value=
	{ IFS= read -r value <"$1" || [ -n "$value" ]; } 2>/dev/null
}

# card_attr CARD NAME: the same for a card, empty where it has none.
card_attr() {
	attr "$class/$1/$2" || value=
}

# vvvv and dddd of a PCI device in $vendor and $device.
ids_of() {
	attr "$devices/$1/vendor" || value=
	vendor=${value#0x}
	attr "$devices/$1/device" || value=
	device=${value#0x}
}

# What by-id calls a card, in $identity, and its serial number in $serial; empty
# where it has none.
identity_of() {
	identity=
	card_attr "$1" serial
	serial=$value
	[ -n "$serial" ] || return 0
	ids_of "$1"
	identity=$vendor-$device-$serial.${1##*.}
}

driver_of() {
	driver=$(readlink "$devices/$1/driver") || driver=
	driver=${driver##*/}
}

# All cards that pcibuf has.
cards() {
	for dir in "$class"/*; do
		[ ! -e "$dir" ] || echo "${dir##*/}"
	done
}

# card_is CARD WORD
card_is() {
	case $1 in
	"$2" | "${2#pci-}" | "0000:$2") return 0 ;;
	esac
	identity_of "$1"
	[ -n "$identity" ] || return 1
	[ "$2" = "$identity" ] || [ "$2" = "$serial" ]
}

# All cards that a word names; all at all where there is no word.
matching() {
	word=$(lower "$1")
	cards | while read -r name; do
		if [ -z "$word" ] || card_is "$name" "$word"; then
			echo "$name"
		fi
	done
}

# Words of this form are addresses, whether there is such a card or not.
is_address() {
	case $1 in
	*:*.[0-7]) ;;
	*) return 1 ;;
	esac
}

names_card() {
	is_address "$1" || [ -n "$(matching "${1:-/}")" ]
}

# need_card [WORD]: the card that it names, or the only one there is, in $card.
need_card() {
	card=$(matching "${1-}")
	case $card in
	'') no_card "${1-}" ;;
	*[!0-9a-f:.]*)
		# More than one line.
		# shellcheck disable=SC2086 # words, to be one line
		fail 3 ambiguous "${1:-CARD} can be any of:$(printf ' %s' $card)" \
			"name one by its address"
		;;
	esac
}

no_card() {
	name=$(lower "${1#pci-}")
	[ -e "$devices/$name" ] || name=0000:$name
	# What is no address may be the name of a card that only the module can tell.
	[ -d "$class" ] || { is_address "$name" && [ ! -e "$devices/$name" ]; } ||
		module_fails
	if [ -z "$1" ]; then
		fail 3 no_card "pcibuf has no card" \
			"give it one: pcibufctl bind ADDRESS (lspci -D shows addresses)"
	fi
	[ -e "$devices/$name" ] || fail 3 no_card "there is no card '$1'" \
		"pcibufctl list shows those of pcibuf, lspci -D all of the machine"
	driver_of "$name"
	fail 3 not_bound "$name is not bound to pcibuf${driver:+, but to $driver}" \
		"pcibufctl bind $name${driver:+ --force}"
}

# take_card [WORD...]: for commands whose first word can be a card; whether it
# was is in $taken, the card in $card.
take_card() {
	taken=0
	if [ $# -gt 0 ] && names_card "$1"; then
		taken=1
		need_card "$1"
	else
		need_card
	fi
}
