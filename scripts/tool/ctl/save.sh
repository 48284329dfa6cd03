# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: writing what there is to /etc/pcibuf.d.
: "${root:=}" "${sys:=}" "${class:=}" "${json:=}" "${card:=}" "${by:=}" "${value:=}"
: "${vendor:=}" "${device:=}"

saved=$root/etc/pcibuf.d

# What a card is known by, in $known.
known_by() {
	ids_of "$1"
	card_attr "$1" serial
	case $by in
	path) known=path:pci-$1 ;;
	id) known=id:$vendor:$device ;;
	serial)
		[ -n "$value" ] || fail 3 no_serial "$1 has no serial number" \
			"save it with --by=path"
		known=serial:$value
		;;
	esac
}

# A limit that is only the limit of all cards is not the card's own. Fails where the
# card has gone.
save_card() {
	card_attr "$1" serial
	printf '[card]\ncard=%s\nvendor=%s\ndevice=%s\n' "$known" "$vendor" "$device"
	[ "$by" = id ] || echo "serial=${value:-none}"
	attr "$sys/module/pcibuf/parameters/max_total" || value=
	total=$value
	card_attr "$1" max_bytes
	[ "$value" = "$total" ] || echo "limit=$value"
	card_attr "$1" dma_mask_bits
	[ -n "$value" ] && echo "mask=$value"
}

# save_buffer CARD NAME: nothing of one that was freed since it was named.
save_buffer() {
	buffer_attr "$1" "$2" label
	label=$value
	buffer_attr "$1" "$2" size
	size=$value kind=sg
	buffer_attr "$1" "$2" nr_segments
	[ -n "$value" ] || return 0
	[ "$value" != 1 ] || kind=contiguous
	printf '\n[buffer]\nsize=%s\nkind=%s\n' "$size" "$kind"
	[ -z "$label" ] || echo "label=$label"
}

# In the order of their making, as far as their indices tell.
in_order() {
	for name in $(buffers "$1"); do
		buffer_attr "$1" "$name" index
		echo "$value $name"
	done | sort -n | sed 's/.* //'
}

saved_text() {
	echo "# Written by pcibufctl save. See pcibuf.conf(5)."
	save_card "$1" || return
	for name in $(in_order "$1"); do
		save_buffer "$1" "$name"
	done
	# It goes before the buffers do, where the card is taken away.
	[ -e "$class/$1/alloc" ]
}

# replace FILE TEXT: in one piece, also where the power goes. The one of before stays
# where this cannot be written.
replace() {
	if ! printf '%s\n' "$2" >"$1.new" || ! sync "$1.new" || ! mv "$1.new" "$1"; then
		rm -f "$1.new"
		fail 1 not_written "cannot write $1" "is the disk full, or read-only?"
	fi
}

# All that files can call a card, for grep.
names_of() {
	card_attr "$1" serial
	printf 'path:.*pci-%s.%s|serial:%s|id:%s:%s' "${1%.*}" "${1##*.}" \
		"${value:-none}" "$vendor" "$device"
}

# Files of other names may be about this card, and each boot restores them, too.
tell_others() {
	others=$(grep -liE "^[[:space:]]*card[[:space:]]*=[[:space:]]*($(names_of "$1"))[[:space:]]*\$" \
		"$saved"/*.conf | grep -vxF "$file" | paste -sd ' ')
	[ -z "$others" ] ||
		note "$1: restored too, unless you remove it: $others"
}

write_saved() {
	text=$(saved_text "$1") || fail 3 ENODEV "$1 is going away" "bind it again"
	replace "$file" "$text"
}

# The file of a card, in $file; each has its own.
file_of() {
	known_by "$1"
	file=$saved/$(echo "${known#path:}" | tr : -).conf
	# shellcheck disable=SC2086 # words
	! has_word "$file" $files || fail 3 ambiguous "two cards are $known" \
		"save them with --by=path, or each alone"
	files="$files $file"
}

do_save() {
	[ $# -le 1 ] || wrong_usage "too many arguments"
	if [ $# = 1 ] || [ -z "$(cards)" ]; then
		need_card "${1-}"
		set -- "$card"
	else
		# shellcheck disable=SC2046 # words
		set -- $(cards)
	fi
	if ! mkdir -p "$saved" 2>/dev/null || [ ! -w "$saved" ]; then
		fail 4 not_root "cannot write to $saved" "try it with sudo"
	fi
	one_at_a_time
	written='' files=''
	for card; do
		file_of "$card"
		write_saved "$card"
		note "$card: $file"
		tell_others "$card"
		written="$written${written:+,}{\"address\":$(js "$card"),\"file\":$(js "$file")}"
	done
	[ -z "$json" ] || answer "\"saved\":[$written]"
}
