# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: alloc, free, mask and limit.
: "${class:=}" "${json:=}" "${card:=}" "${taken:=}" "${named:=}"
: "${sg:=}" "${align:=}" "${value:=}"

# new_name CARD NAMES: find the name of a new buffer without a label, in $buffer. It
# is the only unlabelled name that is not in NAMES. Fails if other processes
# allocated such buffers at the same time: then nobody can tell which one is ours.
new_name() {
	buffer=$({
		printf '%s\n\n' "$2"
		buffers "$1"
	} | awk '/^$/ { now = 1 }
		/^[0-9]+$/ && now && !($1 in before) { print $1 }
		{ before[$1] }')
	case $buffer in
	'' | *[!0-9]*) return 1 ;;
	esac
}

tell_made() {
	if [ -n "$json" ]; then
		answer "\"address\":$(js "$1"),\"buffer\":$(json_buffer "$1" "$2")"
		return
	fi
	node_of "$1" "$2"
	buffer_attr "$1" "$2" size
	line="$2: $(human "$value")"
	buffer_attr "$1" "$2" dma_addr
	if [ -n "$value" ]; then
		line="$line at $value"
	else
		buffer_attr "$1" "$2" nr_segments
		line="$line in $value segments"
	fi
	echo "$line, $node"
}

do_alloc() {
	[ $# -ge 1 ] || wrong_usage "no size given"
	# A size begins with a digit, so any other word must name a card.
	case $1 in
	[0-9]*) ;;
	*) names_card "$1" || no_card "$1" ;;
	esac
	take_card "$@"
	shift "$taken"
	[ $# -ge 1 ] || wrong_usage "no size given"
	[ $# -le 2 ] || wrong_usage "too many arguments"
	case ${2-} in *=*) wrong_usage "'$2' is no label" ;; esac
	before=$(buffers "$card")
	request "$card" "alloc${sg:+_sg}" "$*${align:+ align=$align}"
	if [ $# = 2 ]; then
		tell_made "$card" "$2"
	elif new_name "$card" "$before"; then
		tell_made "$card" "$buffer"
	elif [ -n "$json" ]; then
		answer "\"address\":$(js "$card"),\"buffer\":null"
	else
		note "allocated; other buffers appeared at the same time, so give your buffer a label"
	fi
}

do_free() {
	take_card_and buffer "$@"
	need_buffer "$card" "$named"
	request "$card" free "$buffer"
	if [ -n "$json" ]; then
		answer "\"address\":$(js "$card"),\"freed\":$(js "$buffer")"
	fi
}

# setting FILE [CARD] [VALUE]: show or set a number of a card.
setting() {
	setting=$1
	shift
	take_card "$@"
	shift "$taken"
	[ $# -le 1 ] || wrong_usage "too many arguments"
	[ $# = 0 ] || request "$card" "$setting" "$1"
	card_attr "$card" "$setting"
	if [ -n "$json" ]; then
		answer "\"address\":$(js "$card"),\"$setting\":$(jn "$value")"
	else
		echo "$value"
	fi
}

do_mask() {
	setting dma_mask_bits "$@"
}

do_limit() {
	setting max_bytes "$@"
}
