# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: reading /etc/pcibuf.d, and the command that does it.
: "${root:=}" "${json:=}" "${card:=}" "${value:=}" "${saved:=}" "${failures:=}" "${kept:=}"
: "${restored:=}" "${first_failure:=}" "${selector:=}" "${section:=}"

# set_key KEY VALUE, in the section being read. What the kernel judges (sizes,
# labels, masks) is left to it.
# shellcheck disable=SC2034 # read in restore.sh
set_key() {
	case $section.$1=$2 in
	card.card=path:*pci-?* | card.card=serial:?* | card.card=id:?*:?*)
		selector=$(lower "$2")
		;;
	card.vendor=?*) want_vendor=$(lower "$2") ;;
	card.device=?*) want_device=$(lower "$2") ;;
	card.serial=?*) want_serial=$(lower "$2") ;;
	card.mask=?*) mask=$2 ;;
	card.limit=?*) limit=$2 ;;
	buffer.size=[0-9]*) size=$2 ;;
	buffer.label=?*) label=$2 ;;
	buffer.kind=contiguous | buffer.kind=sg) kind=$2 ;;
	*) went_wrong 2 "not understood here: $1=$2" ;;
	esac
}

# Without the blanks around the equals sign; those at the ends read took away.
take_line() {
	key=${line%%=*}
	given=${line#*=}
	key=${key%"${key##*[![:space:]]}"}
	given=${given#"${given%%[![:space:]]*}"}
	set_key "$key" "$given"
}

# read_conf check|apply: $file, for $card.
read_conf() {
	checking=${1#apply} number=0 sections='' applies=''
	forget_section
	while read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		case $line in
		'' | '#'* | ';'*) ;;
		'[card]' | '[buffer]')
			end_section
			section=${line#?}
			section=${section%?}
			sections="$sections $section"
			case $sections in
			' card'*) ;;
			*) went_wrong 2 "a [buffer] without a [card] before it" ;;
			esac
			;;
		*=*) take_line ;;
		*) went_wrong 2 "not understood: $line" ;;
		esac
	done <"$file"
	end_section
}

# Whether $file can be understood.
fine() {
	failures_before=$failures
	card=
	number=0
	if [ ! -r "$file" ]; then
		went_wrong 4 "cannot be read"
	elif [ ! -s "$file" ]; then
		went_wrong 2 "is empty; write it again, or remove it"
	else
		read_conf check
	fi
	[ "$failures" = "$failures_before" ]
}

restore_file() {
	fine || return 0
	for card; do
		card_attr "$card" serial
		serial=$value
		ids_of "$card"
		read_conf apply
	done
}

# Somebody may type it while the card's unit does it: each would find that labels
# are taken that were free when it looked, or write over what the other just wrote.
# Ends with the program.
one_at_a_time() {
	lock=$root/run/pcibuf.lock
	# In a subshell first: exec would end the program where it fails. Who may read a
	# file can lock it, so none but root may. A small system has no flock, and no unit
	# either.
	if command -v flock >/dev/null && (umask 077 && : >"$lock") 2>/dev/null; then
		exec 9>"$lock"
		flock 9
	fi
}

do_restore() {
	[ $# -le 1 ] || wrong_usage "too many arguments"
	if [ $# = 1 ] || [ -z "$(cards)" ]; then
		need_card "${1-}"
		set -- "$card"
	else
		# shellcheck disable=SC2046 # words
		set -- $(cards)
	fi
	one_at_a_time
	for file in "$saved"/*.conf; do
		[ ! -e "$file" ] || restore_file "$@"
	done
	fields="\"restored\":[$restored],\"kept\":[$kept],\"failures\":[$failures]"
	if [ "$first_failure" != 0 ]; then
		fail "$first_failure" not_restored "not all of $saved was restored" \
			"what was not is told above, and in the field failures" "$fields"
	fi
	[ -z "$json" ] || answer "$fields"
}
