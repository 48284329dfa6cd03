# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: making what /etc/pcibuf.d says. A file is read twice: first
# to see whether it can be understood, since half of a file is worse than none.
: "${class:=}" "${json:=}" "${card:=}" "${value:=}" "${saved:=}" "${vendor:=}"
: "${device:=}" "${status:=}" "${said:=}" "${serial:=}" "${checking:=}"
: "${file:=}" "${number:=0}" "${applies:=}"

failures='' first_failure=0 restored='' kept='' taken_names=''

# went_wrong STATUS MESSAGE: and go on with the rest.
went_wrong() {
	[ "$first_failure" != 0 ] || first_failure=$1
	failures="$failures${failures:+,}{\"card\":$(jo "$card"),\"file\":$(js "$file"),\"line\":$number,\"message\":$(js "$2")}"
	last_wrong="$file:$number: $2"
	[ -n "$json" ] ||
		printf 'pcibufctl: %s\n' "$file:$number: ${card:+$card: }$2" >&2
}

# Not as request(): one failure is no reason to stop.
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
	size='' kind=contiguous label='' mask='' limit=''
}

# Whether the section just read names this card.
selected() {
	case $selector in
	path:*pci-*) [ "${selector##*pci-}" = "$card" ] ;;
	serial:*) [ "${selector#serial:}" = "$serial" ] ;;
	id:*) [ "${selector#id:}" = "$vendor:$device" ] ;;
	*) return 1 ;;
	esac
}

# as_saved WHAT SAVED FOUND: nothing was saved of it, or the same.
as_saved() {
	if [ -z "$2" ] || [ "$2" = "$3" ]; then
		return 0
	fi
	went_wrong 5 "refused: saved for a card of $1 $2, this one has $3"
	return 1
}

# What was saved must be of this card, whatever stands in its slot now.
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
}

# Whether the card has this buffer already, its name in $name. Of buffers
# without labels, each stands for one of the saved ones only.
present() {
	for name in $(buffers "$card"); do
		buffer_attr "$card" "$name" label
		[ "$value" = "$label" ] || continue
		# shellcheck disable=SC2086 # words
		[ -n "$label" ] || ! has_word "$card/$name" $taken_names || continue
		[ -n "$label" ] || same_size || continue
		taken_names="$taken_names $card/$name"
		return 0
	done
	return 1
}

# Sizes of files are numbers of bytes where pcibufctl wrote them.
same_size() {
	buffer_attr "$card" "$name" size
	[ "$value" = "$(bytes "$size")" ]
}

# bytes SIZE: in whole pages of 4 KiB.
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
		went_wrong 5 "$label is there, but not of size $size"
	elif [ "$kind" = contiguous ] && buffer_attr "$card" "$name" nr_segments &&
		[ "$value" != 1 ]; then
		went_wrong 5 "$name is there, but has several segments"
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
	case $kind in
	contiguous) try alloc "$size${label:+ $label}" || return 0 ;;
	sg) try alloc_sg "$size${label:+ $label}" || return 0 ;;
	esac
	note "$card: made ${label:-a buffer} of $(human "$(bytes "$size")")"
	restored="$restored${restored:+,}{\"address\":$(js "$card"),\"label\":$(jo "$label"),\"size\":$(bytes "$size")}"
	# So that the next saved one without a label does not take it for its own.
	[ -n "$label" ] || present || :
}

# Done with the section that was read until now. $checking is "check" in the
# first reading.
end_section() {
	case $section$checking in
	card) apply_card ;;
	buffer) apply_buffer ;;
	cardcheck) [ -n "$selector" ] || went_wrong 2 "no card= in this section" ;;
	buffercheck) [ -n "$size" ] || went_wrong 2 "no size= in this section" ;;
	esac
	forget_section
}
