# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: --persist, a file for modprobe. All cards are in one file
# and one line of ids, since of two such lines the last one counts.
: "${root:=}" "${sys:=}" "${devices:=}" "${vendor:=}" "${device:=}" "${value:=}"
: "${kinds:=}"

modprobe_d=$root/etc/modprobe.d
claims=$modprobe_d/pcibufctl.conf

# The kinds of cards that our file names: vvvv:dddd, a line each.
persistent_kinds() {
	[ ! -e "$claims" ] ||
		sed -n 's/^options pcibuf ids=//p' "$claims" | tr , '\n'
}

# Those that any file gives to pcibuf.
promised_kinds() {
	sed -n 's/^[[:space:]]*options[[:space:]]*pcibuf[[:space:]].*ids=\([^[:space:]]*\).*/\1/p' \
		"$modprobe_d"/*.conf "$root"/usr/lib/modprobe.d/*.conf 2>/dev/null |
		tr A-Z, 'a-z\n'
}

# Whether a card is of one of $kinds, which can have its subsystem's numbers, too.
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

# Somebody else's ids would be lost, or ours.
others_ids() {
	grep -ls '^[[:space:]]*options[[:space:]]*pcibuf[[:space:]].*ids=' \
		"$modprobe_d"/*.conf "$root"/usr/lib/modprobe.d/*.conf |
		grep -vxF "$claims"
}

claims_text() {
	echo "# Written by pcibufctl bind --persist; unbind --persist takes a line out."
	for kind; do
		upper=$(echo "$kind" | tr '[:lower:]' '[:upper:]')
		echo "alias pci:v0000${upper%:*}d0000${upper#*:}sv*sd*bc*sc*i* pcibuf"
	done
	printf 'options pcibuf ids=%s\n' "$(printf '%s\n' "$@" | paste -sd ,)"
}

# write_claims KIND...: the file for these, or no file.
write_claims() {
	if [ $# = 0 ]; then
		rm -f "$claims"
		return
	fi
	mkdir -p "$modprobe_d"
	replace "$claims" "$(claims_text "$@")"
}

# udevd reads what modprobe.d says when it starts, or is told to.
reload_udev() {
	udevadm control --reload 2>/dev/null || :
}

# Before a card is taken from whoever has it. Where another file gives it to pcibuf,
# there is nothing to write.
refuse_other_ids() {
	kinds=$(promised_kinds)
	if ! is_promised "$1" && other=$(others_ids); then
		fail 5 other_ids "$(echo "$other" | head -n 1) gives ids to pcibuf already" \
			"add this card's there; ids of two files do not add up"
	fi
}

persist_card() {
	one_at_a_time
	kinds=$(promised_kinds)
	# shellcheck disable=SC2046 # words
	is_promised "$1" ||
		write_claims $({ persistent_kinds && echo "$vendor:$device"; } | sort -u)
	# For the module that is loaded now. It may know that kind already.
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
