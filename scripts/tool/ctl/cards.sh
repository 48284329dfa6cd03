# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: find cards, and read their attributes.
: "${root:=}"

sys=$root/sys
class=$sys/class/pcibuf_card
devices=$sys/bus/pci/devices

# attr FILE: read its first line into $value. Fails if FILE cannot be read.
attr() {
	value=
	{ IFS= read -r value <"$1" || [ -n "$value" ]; } 2>/dev/null
}

# card_attr CARD NAME: read an attribute of a card into $value; empty if there is none.
card_attr() {
	attr "$class/$1/$2" || value=
}

# ids_of ADDRESS: set $vendor and $device of a PCI device, four hex digits each.
ids_of() {
	attr "$devices/$1/vendor" || value=
	vendor=${value#0x}
	attr "$devices/$1/device" || value=
	device=${value#0x}
}

# identity_of CARD: set $identity, the card's name in by-id, and $serial, its serial
# number. Both are empty if the card has no serial number.
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

# All cards that are bound to pcibuf.
cards() {
	for dir in "$class"/*; do
		[ ! -e "$dir" ] || echo "${dir##*/}"
	done
}

# card_is CARD WORD: whether WORD names this card.
card_is() {
	case $1 in
	"$2" | "${2#pci-}" | "0000:$2") return 0 ;;
	esac
	identity_of "$1"
	[ -n "$identity" ] || return 1
	[ "$2" = "$identity" ] || [ "$2" = "$serial" ]
}

# matching WORD: all cards that WORD names; all cards if WORD is empty.
matching() {
	word=$(lower "$1")
	cards | while read -r name; do
		if [ -z "$word" ] || card_is "$name" "$word"; then
			echo "$name"
		fi
	done
}

# A word of this form is an address, whether or not there is such a card.
is_address() {
	case $1 in
	*:*.[0-7]) ;;
	*) return 1 ;;
	esac
}

names_card() {
	is_address "$1" || [ -n "$(matching "${1:-/}")" ]
}

# need_card [WORD]: set $card to the card that WORD names, or to the only card.
need_card() {
	card=$(matching "${1-}")
	case $card in
	'') no_card "${1-}" ;;
	*[!0-9a-f:.]*)
		# There is more than one line.
		# shellcheck disable=SC2086 # words, to be one line
		fail 3 ambiguous "${1:-CARD} can be any of:$(printf ' %s' $card)" \
			"name one by its address"
		;;
	esac
}

no_card() {
	name=$(lower "${1#pci-}")
	[ -e "$devices/$name" ] || name=0000:$name
	# A word that is not an address may name a card that only the module knows.
	[ -d "$class" ] || { is_address "$name" && [ ! -e "$devices/$name" ]; } ||
		module_fails
	if [ -z "$1" ]; then
		fail 3 no_card "no card is bound to pcibuf" \
			"bind one: pcibufctl bind ADDRESS (lspci -D shows addresses)"
	fi
	[ -e "$devices/$name" ] || fail 3 no_card "there is no card '$1'" \
		"pcibufctl list shows the cards of pcibuf, lspci -D all PCI devices"
	driver_of "$name"
	fail 3 not_bound "$name is not bound to pcibuf${driver:+, but to $driver}" \
		"pcibufctl bind $name${driver:+ --force}"
}

# take_card [WORD...]: for commands whose first word can be a card. Sets $card, and
# $taken to 1 if the first word was a card, else to 0.
take_card() {
	taken=0
	if [ $# -gt 0 ] && names_card "$1"; then
		taken=1
		need_card "$1"
	else
		need_card
	fi
}

# take_card_and WHAT [CARD] NAME: for commands of one thing of a card. Sets $card, and
# $named to the name of the thing.
take_card_and() {
	what=$1
	shift
	if [ $# -gt 1 ]; then
		take_card "$@"
		[ "$taken" = 1 ] || no_card "$1"
		shift
	else
		need_card
	fi
	[ $# = 1 ] || wrong_usage "no $what given"
	named=$1
}
