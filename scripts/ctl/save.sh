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

write_saved() {
	{
		echo "# Written by pcibufctl save. See pcibuf.conf(5)."
		save_card "$1"
		for name in $(in_order "$1"); do
			save_buffer "$1" "$name"
		done
	} >"$file.new" && mv "$file.new" "$file"
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
	written=
	for card; do
		known_by "$card"
		file=$saved/$(echo "${known#path:}" | tr : -).conf
		write_saved "$card" || fail 1 not_written "cannot write $file"
		note "$card: $file"
		written="$written${written:+,}{\"address\":$(js "$card"),\"file\":$(js "$file")}"
	done
	[ -z "$json" ] || answer "\"saved\":[$written]"
}
