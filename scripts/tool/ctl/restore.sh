# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: allocate the buffers that /etc/pcibuf.d lists. Each file is read
# twice, first only to check it, because half of a file is worse than none.
: "${class:=}" "${json:=}" "${card:=}" "${value:=}" "${saved:=}" "${vendor:=}"
: "${device:=}" "${status:=}" "${said:=}" "${serial:=}" "${checking:=}"
: "${file:=}" "${number:=0}" "${applies:=}"

failures='' first_failure=0 restored='' kept='' taken_names=''

# went_wrong STATUS MESSAGE: report a failure. The caller continues with the rest.
went_wrong() {
	[ "$first_failure" != 0 ] || first_failure=$1
	failures="$failures${failures:+,}{\"card\":$(jo "$card"),\"file\":$(js "$file"),\"line\":$number,\"message\":$(js "$2")}"
	last_wrong="$file:$number: $2"
	[ -n "$json" ] ||
		printf 'pcibufctl: %s\n' "$file:$number: ${card:+$card: }$2" >&2
}

# try FILE TEXT: write to an attribute of $card. Unlike request(), a failure does not
# end the program.
try() {
	! put "$2" "$class/$card/$1" || return 0
	name_errno "$said"
	card_attr "$card" last_error
	case $value in
	*"$2"*"$errno"*) said=$value ;;
	esac
	went_wrong "$status" "${said##*write error: }"
	return 1
}

forget_section() {
	section='' selector='' want_vendor='' want_device='' want_serial=''
	size='' kind=contiguous label='' align='' mask='' limit='' most=''
	saved_irqs='' saved_type=''
}

# selected: whether the section that was just read names $card.
selected() {
	case $selector in
	path:*pci-*) [ "${selector##*pci-}" = "$card" ] ;;
	serial:*) [ "${selector#serial:}" = "$serial" ] ;;
	id:*) [ "${selector#id:}" = "$vendor:$device" ] ;;
	*) return 1 ;;
	esac
}

# as_saved WHAT SAVED FOUND: whether the values are the same, or none was saved.
as_saved() {
	if [ -z "$2" ] || [ "$2" = "$3" ]; then
		return 0
	fi
	went_wrong 5 "refused: saved for a card with $1 $2, this card has $3"
	return 1
}

# same_card: whether the section was saved for this card. A different card may be in the
# slot now.
same_card() {
	as_saved vendor "$want_vendor" "$vendor" &&
		as_saved device "$want_device" "$device" &&
		as_saved serial "$want_serial" "${serial:-none}"
}

apply_card() {
	applies=
	selected && same_card || return 0
	applies=1
	card_attr "$card" dma_mask_bits
	[ -z "$mask" ] || [ "$mask" = "$value" ] || try dma_mask_bits "$mask" || :
	[ -z "$limit" ] || try max_bytes "$limit" || :
	card_attr "$card" max_buffers
	[ -z "$most" ] || [ "$most" = "$value" ] || try max_buffers "$most" || :
	apply_irqs
}

# Interrupts that the card has already are kept.
apply_irqs() {
	card_attr "$card" nr_irqs
	if [ -z "$saved_irqs" ] || [ "$value" = "$saved_irqs" ]; then
		return 0
	fi
	[ -z "$saved_type" ] || try irq_type "$saved_type" || return 0
	try nr_irqs "$saved_irqs" || :
}

# present: whether the card has this buffer already; sets $name to its name. Each buffer
# without a label stands for only one of the saved buffers.
present() {
	if [ -n "$label" ]; then
		name=$label
		buffer_attr "$card" "$name" label
		[ "$value" = "$label" ]
		return
	fi
	for name in $(buffers "$card"); do
		case $name in *[!0-9]*) continue ;; esac
		# shellcheck disable=SC2086 # words
		! has_word "$card/$name" $taken_names || continue
		{ same_size && aligned; } || continue
		taken_names="$taken_names $card/$name"
		return 0
	done
	return 1
}

# same_size: whether the buffer $name has the saved size. The size in a file that
# pcibufctl wrote is a number of bytes.
same_size() {
	buffer_attr "$card" "$name" size
	[ "$value" = "$(bytes "$size")" ]
}

# aligned: whether the buffer $name has the saved alignment, or more.
aligned() {
	[ -n "$align" ] || return 0
	buffer_attr "$card" "$name" align
	[ "${value:-0}" -ge "$(bytes "$align")" ]
}

# bytes SIZE: the size in bytes, rounded up to pages of 4 KiB.
bytes() {
	unit=1 amount=$1
	case $1 in
	*[kK]) unit=1024 ;;
	*[mM]) unit=1048576 ;;
	*[gG]) unit=1073741824 ;;
	*[tT]) unit=1099511627776 ;;
	esac
	[ $unit = 1 ] || amount=${1%?}
	case $amount in
	0[xX]*) ;;
	*) amount=$(printf %s "$amount" | sed 's/^0*\(.\)/\1/') ;;
	esac
	echo $(((amount * unit + 4095) / 4096 * 4096))
}

keep_buffer() {
	if ! same_size; then
		went_wrong 5 "$label exists, but its size is not $size"
	elif [ "$kind" = contiguous ] && buffer_attr "$card" "$name" nr_segments &&
		[ "$value" != 1 ]; then
		went_wrong 5 "$name exists, but has several segments"
	elif ! aligned; then
		went_wrong 5 "$name exists, but its alignment is less than $align"
	else
		kept="$kept${kept:+,}{\"address\":$(js "$card"),\"name\":$(js "$name")}"
	fi
}

apply_buffer() {
	[ -n "$applies" ] || return 0
	if present; then
		keep_buffer
		return
	fi
	words=$size${label:+ $label}${align:+ align=$align}
	case $kind in
	contiguous) try alloc "$words" || return 0 ;;
	sg) try alloc_sg "$words" || return 0 ;;
	esac
	note "$card: allocated ${label:-a buffer} of $(human "$(bytes "$size")")"
	restored="$restored${restored:+,}{\"address\":$(js "$card"),\"label\":$(jo "$label"),\"size\":$(bytes "$size")}"
	# Mark a buffer without a label as used, so that the next saved buffer without
	# a label does not match it.
	[ -n "$label" ] || present || :
}

# end_section: use the section that was just read. $checking is "check" in the first
# reading.
end_section() {
	case $section$checking in
	card) apply_card ;;
	buffer) apply_buffer ;;
	cardcheck) [ -n "$selector" ] || went_wrong 2 "no card= in this section" ;;
	buffercheck) [ -n "$size" ] || went_wrong 2 "no size= in this section" ;;
	esac
	forget_section
}
