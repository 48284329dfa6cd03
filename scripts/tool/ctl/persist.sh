# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: --persist, a file for modprobe. All cards are in one file and in
# one line of ids: if there are two such lines, only the last one counts.
: "${root:=}" "${sys:=}" "${devices:=}" "${vendor:=}" "${device:=}" "${value:=}"
: "${kinds:=}"

modprobe_d=$root/etc/modprobe.d
claims=$modprobe_d/pcibufctl.conf

# The kinds of cards that our file names: vvvv:dddd, one on each line.
persistent_kinds() {
	[ ! -e "$claims" ] ||
		sed -n 's/^options pcibuf ids=//p' "$claims" | tr , '\n'
}

# The kinds of cards that any file assigns to pcibuf.
promised_kinds() {
	sed -n 's/^[[:space:]]*options[[:space:]]*pcibuf[[:space:]].*ids=\([^[:space:]]*\).*/\1/p' \
		"$modprobe_d"/*.conf "$root"/usr/lib/modprobe.d/*.conf 2>/dev/null |
		tr A-Z, 'a-z\n'
}

# is_promised CARD: whether the card is of one of $kinds. A kind can include the
# numbers of the subsystem.
is_promised() {
	ids_of "$1"
	whole=$vendor:$device
	for part in vendor device; do
		attr "$devices/$1/subsystem_$part" || value=
		whole=$whole:${value#0x}
	done
	for kind in $kinds; do
		case $whole: in
		"$kind":*) return 0 ;;
		esac
	done
	return 1
}

# Other files that set ids. Of two files that do, only one would count.
others_ids() {
	grep -ls '^[[:space:]]*options[[:space:]]*pcibuf[[:space:]].*ids=' \
		"$modprobe_d"/*.conf "$root"/usr/lib/modprobe.d/*.conf |
		grep -vxF "$claims"
}

claims_text() {
	echo "# Written by pcibufctl bind --persist; unbind --persist removes a line."
	for kind; do
		upper=$(echo "$kind" | tr '[:lower:]' '[:upper:]')
		echo "alias pci:v0000${upper%:*}d0000${upper#*:}sv*sd*bc*sc*i* pcibuf"
	done
	printf 'options pcibuf ids=%s\n' "$(printf '%s\n' "$@" | paste -sd ,)"
}

# write_claims KIND...: write the file for these kinds; without any, remove the file.
write_claims() {
	if [ $# = 0 ]; then
		rm -f "$claims"
		return
	fi
	mkdir -p "$modprobe_d"
	replace "$claims" "$(claims_text "$@")"
}

# udevd reads modprobe.d when it starts, and when it is told to reload.
reload_udev() {
	udevadm control --reload 2>/dev/null || :
}

# refuse_other_ids CARD: fail if another file sets ids, before the card is taken from
# its driver. If another file assigns this card to pcibuf, there is nothing to write.
refuse_other_ids() {
	kinds=$(promised_kinds)
	if ! is_promised "$1" && other=$(others_ids); then
		fail 5 other_ids "$(echo "$other" | head -n 1) already sets ids for pcibuf" \
			"add the ids of this card to that file; ids of two files are not combined"
	fi
}

persist_card() {
	one_at_a_time
	kinds=$(promised_kinds)
	# shellcheck disable=SC2046 # words
	is_promised "$1" ||
		write_claims $({ persistent_kinds && echo "$vendor:$device"; } | sort -u)
	# This is for the module that is loaded now, which may know that kind already.
	put "$vendor $device" "$sys/bus/pci/drivers/pcibuf/new_id" || :
	reload_udev
}

forget_card() {
	one_at_a_time
	ids_of "$1"
	# shellcheck disable=SC2046 # words
	write_claims $(persistent_kinds | grep -vx "$vendor:$device")
	put "$vendor $device" "$sys/bus/pci/drivers/pcibuf/remove_id" || :
	reload_udev
}
