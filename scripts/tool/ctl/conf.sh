# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: read /etc/pcibuf.d; the command restore.
: "${root:=}" "${json:=}" "${card:=}" "${value:=}" "${saved:=}" "${failures:=}" "${kept:=}"
: "${restored:=}" "${first_failure:=}" "${selector:=}" "${section:=}"

# set_key KEY VALUE: store a value of the current section. The kernel checks sizes,
# labels and masks, so they are not checked here.
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
	card.buffers=?*) most=$2 ;;
	card.irqs=[0-9]*) saved_irqs=$2 ;;
	card.irq_type=?*) saved_type=$2 ;;
	buffer.size=[0-9]*) size=$2 ;;
	buffer.label=?*) label=$2 ;;
	buffer.align=[0-9]*) align=$2 ;;
	buffer.kind=contiguous | buffer.kind=sg) kind=$2 ;;
	*) went_wrong 2 "not understood in this section: $1=$2" ;;
	esac
}

# Remove the blanks around the equals sign. read has removed those at the ends.
take_line() {
	key=${line%%=*}
	given=${line#*=}
	key=${key%"${key##*[![:space:]]}"}
	given=${given#"${given%%[![:space:]]*}"}
	set_key "$key" "$given"
}

# read_conf check|apply: check $file, or apply it to $card.
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

# fine: whether $file can be understood.
fine() {
	failures_before=$failures
	card=
	number=0
	if [ ! -r "$file" ]; then
		went_wrong 4 "the file cannot be read"
	elif [ ! -s "$file" ]; then
		went_wrong 2 "the file is empty; write it again, or remove it"
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

# Only one save, restore or change of modprobe.d runs at a time; others wait. A user may
# run restore while the card's unit does. Without the lock, one of them could find a
# label taken that was free when it looked, or overwrite a file that the other has just
# written. The lock ends with the program.
one_at_a_time() {
	lock=$root/run/pcibuf.lock
	# Try in a subshell first: a failing exec would end the program. Any user who
	# may read a file can lock it, so only root may read this one. A small system
	# has no flock, and no unit either.
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
		fail "$first_failure" not_restored "not every buffer in $saved was restored" \
			"the messages above, or the field failures, say why" "$fields"
	fi
	[ -z "$json" ] || answer "$fields"
}
