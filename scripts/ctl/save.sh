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

# A limit that is only the limit of all cards is not the card's own.
save_card() {
	card_attr "$1" serial
	printf '[card]\ncard=%s\nvendor=%s\ndevice=%s\n' "$known" "$vendor" "$device"
	[ "$by" = id ] || echo "serial=${value:-none}"
	card_attr "$1" dma_mask_bits
	echo "mask=$value"
	attr "$sys/module/pcibuf/parameters/max_total" || value=
	total=$value
	card_attr "$1" max_bytes
	[ "$value" = "$total" ] || echo "limit=$value"
}

# save_buffer CARD NAME
save_buffer() {
	buffer_attr "$1" "$2" size
	printf '\n[buffer]\nsize=%s\n' "$value"
	buffer_attr "$1" "$2" nr_segments
	if [ "$value" = 1 ]; then
		echo kind=contiguous
	else
		echo kind=sg
	fi
	buffer_attr "$1" "$2" label
	[ -z "$value" ] || echo "label=$value"
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
	save_card "$1"
	for name in $(in_order "$1"); do
		save_buffer "$1" "$name"
	done
}

# In one piece: the file of before stays where this one cannot be written.
write_saved() {
	text=$(saved_text "$1")
	if ! printf '%s\n' "$text" >"$file.new" || ! mv "$file.new" "$file"; then
		rm -f "$file.new"
		fail 1 not_written "cannot write $file" "is the disk full, or read-only?"
	fi
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
	written='' files=''
	for card; do
		file_of "$card"
		write_saved "$card"
		note "$card: $file"
		written="$written${written:+,}{\"address\":$(js "$card"),\"file\":$(js "$file")}"
	done
	[ -z "$json" ] || answer "\"saved\":[$written]"
}
