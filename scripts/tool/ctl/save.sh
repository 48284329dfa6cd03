# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: save the current buffers to /etc/pcibuf.d.
: "${root:=}" "${sys:=}" "${class:=}" "${json:=}" "${card:=}" "${by:=}" "${value:=}"
: "${vendor:=}" "${device:=}"

saved=$root/etc/pcibuf.d

# known_by CARD: set $known to what identifies the card in a file.
known_by() {
	ids_of "$1"
	card_attr "$1" serial
	case $by in
	path) known=path:pci-$1 ;;
	id) known=id:$vendor:$device ;;
	serial)
		[ -n "$value" ] || fail 3 no_serial "$1 has no serial number" \
			"save the card with --by=path"
		known=serial:$value
		;;
	esac
}

# save_card CARD: print its section. If max_bytes is the same as max_total, the card
# has no quota of its own. Fails if the card has gone.
save_card() {
	card_attr "$1" serial
	printf '[card]\ncard=%s\nvendor=%s\ndevice=%s\n' "$known" "$vendor" "$device"
	[ "$by" = id ] || echo "serial=${value:-none}"
	attr "$sys/module/pcibuf/parameters/max_total" || value=
	total=$value
	card_attr "$1" max_bytes
	[ "$value" = "$total" ] || echo "limit=$value"
	card_attr "$1" max_buffers
	[ -z "$value" ] || echo "buffers=$value"
	save_irqs "$1"
	card_attr "$1" dma_mask_bits
	[ -n "$value" ] && echo "mask=$value"
}

# save_irqs CARD: print how many interrupts the card has, and of which type.
save_irqs() {
	card_attr "$1" nr_irqs
	[ "${value:-0}" != 0 ] || return 0
	echo "irqs=$value"
	card_attr "$1" irq_type
	echo "irq_type=$value"
}

# save_buffer CARD NAME: print its section; nothing if the buffer was freed meanwhile.
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
	# Every buffer is aligned to pages.
	buffer_attr "$1" "$2" align
	[ "${value:-0}" -le 4096 ] || echo "align=$value"
}

# in_order CARD: its buffers in the order of allocation, as far as the indexes show.
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
	# When a card is unbound, alloc disappears before the buffers do.
	[ -e "$class/$1/alloc" ]
}

# replace FILE TEXT: write FILE in one step, even if the power fails. If the new file
# cannot be written, the old file stays.
replace() {
	if ! printf '%s\n' "$2" >"$1.new" || ! sync "$1.new" || ! mv "$1.new" "$1"; then
		rm -f "$1.new"
		fail 1 not_written "cannot write $1" "is the disk full, or read-only?"
	fi
}

# names_of CARD: all names that a file can have for a card, as a pattern for grep.
names_of() {
	card_attr "$1" serial
	printf 'path:.*pci-%s.%s|serial:%s|id:%s:%s' "${1%.*}" "${1##*.}" \
		"${value:-none}" "$vendor" "$device"
}

# tell_others CARD: report other files about this card. Each boot restores them, too.
tell_others() {
	others=$(grep -liE "^[[:space:]]*card[[:space:]]*=[[:space:]]*($(names_of "$1"))[[:space:]]*\$" \
		"$saved"/*.conf | grep -vxF "$file" | paste -sd ' ')
	[ -z "$others" ] ||
		note "$1: each boot also restores these files, unless you remove them: $others"
}

write_saved() {
	text=$(saved_text "$1") || fail 3 ENODEV "$1 is going away" "bind the card again"
	replace "$file" "$text"
}

# file_of CARD: set $file to the file of the card; each card has its own file.
file_of() {
	known_by "$1"
	file=$saved/$(echo "${known#path:}" | tr : -).conf
	# shellcheck disable=SC2086 # words
	! has_word "$file" $files || fail 3 ambiguous "two cards match $known" \
		"save them with --by=path, or one at a time"
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
		fail 4 not_root "cannot write to $saved" "try again with sudo"
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
