# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: bind and unbind.
: "${root:=}" "${sys:=}" "${class:=}" "${devices:=}" "${json:=}" "${card:=}"
: "${force:=}" "${persist:=}" "${driver:=}" "${value:=}" "${vendor:=}" "${device:=}"

drivers=$sys/bus/pci/drivers

# up_interfaces ADDRESS: the network interfaces of a device that are up.
up_interfaces() {
	find "$devices/$1/" -path '*/net/*/flags' 2>/dev/null |
		while read -r flags; do
			attr "$flags" || continue
			[ $((value & 1)) = 1 ] || continue
			flags=${flags%/flags}
			echo "network interface ${flags##*/} is up"
		done
}

# mounted NUMBERS NODE: whether a block device is mounted. mountinfo has the numbers of
# the device or, for btrfs, only its name, behind the dash.
mounted() {
	awk -v numbers="$1" -v node="$2" '
		$3 == numbers { found = 1 }
		{ for (i = 7; i < NF; i++) if ($i == "-" && $(i + 2) == node) found = 1 }
		END { exit !found }' "$root/proc/self/mountinfo"
}

# used_disks ADDRESS: the block devices of a device that are mounted, used as swap, or
# held by another block device (device mapper, md).
used_disks() {
	find "$devices/$1/" -name dev 2>/dev/null | while read -r numbers; do
		dir=${numbers%/dev}
		attr "$numbers" || continue
		[ -d "$dir/holders" ] || continue
		name=${dir##*/}
		if mounted "$value" "/dev/$name"; then
			echo "$name is mounted"
		elif grep -q "^/dev/${name}[[:space:]]" "$root/proc/swaps" 2>/dev/null; then
			echo "$name is used as swap"
		elif [ -n "$(ls -A "$dir/holders")" ]; then
			echo "$name is used by another block device"
		fi
	done
}

# consumers ADDRESS: what uses a device now, in words; nothing if it is not in use.
consumers() {
	{
		up_interfaces "$1"
		used_disks "$1"
	} | sort -u | paste -sd , | sed 's/,/, /g'
}

# need_device WORD: set $card to the PCI device that WORD names. WORD is an address, a
# name of a bound card, or vendor:device if there is one device of that kind.
need_device() {
	name=$(lower "${1#pci-}")
	for card in "$name" "0000:$name"; do
		! is_address "$card" || [ ! -e "$devices/$card" ] || return 0
	done
	found=
	for dir in "$devices"/*; do
		ids_of "${dir##*/}"
		[ "$vendor:$device" != "$name" ] || found="$found ${dir##*/}"
	done
	# shellcheck disable=SC2086 # words
	set -- "$1" $found
	case $# in
	1) no_such_kind "$1" ;;
	2) card=$2 ;;
	*) fail 3 ambiguous "$1 can be any of:$found" "name one by its address" ;;
	esac
}

# no_such_kind WORD: no device is of this kind, so WORD names a bound card or nothing.
no_such_kind() {
	case $1 in
	????:????) fail 3 no_card "there is no card $1" \
		"lspci -nn shows the devices of the machine" ;;
	*) need_card "$1" ;;
	esac
}

load_module() {
	[ ! -d "$drivers/pcibuf" ] || return 0
	said=$(modprobe pcibuf 2>&1) || module_fails "$said"
}

# refuse_owned CARD: fail if another driver has the card, unless --force is given.
refuse_owned() {
	if [ -z "$driver" ] || [ -n "$force" ]; then
		return 0
	fi
	users=$(consumers "$1")
	fail 5 other_driver "$1 has the driver $driver${users:+; $users}" \
		"pcibufctl bind $1 --force takes the card from $driver${users:+, even if that breaks its users}"
}

# offer CARD DRIVER: let this driver bind the card; any driver if DRIVER is empty.
offer() {
	put "$2" "$devices/$1/driver_override" || return
	put "$1" "$sys/bus/pci/drivers_probe"
}

# give_back CARD DRIVER: bind the card to the driver that it had, and fail.
give_back() {
	reason=$said
	offer "$1" "$2" || :
	put "" "$devices/$1/driver_override" || :
	fail 1 bind_failed "pcibuf does not bind $1${reason:+: ${reason##*: }}" \
		"dmesg says why"
}

take_from() {
	if [ -n "$2" ]; then
		put "$1" "$devices/$1/driver/unbind" ||
			fail 1 unbind_failed "$2 does not release $1: ${said##*: }"
	fi
	offer "$1" pcibuf || give_back "$1" "$2"
	[ -e "$class/$1" ] || give_back "$1" "$2"
}

only_root() {
	[ -w "$1" ] || fail 4 not_root "only root may $command a card" "try again with sudo"
}

# tell_bound CARD DRIVER: print the answer in JSON. persistent says whether any file in
# modprobe.d assigns the card to pcibuf.
tell_bound() {
	[ -n "$json" ] || return 0
	kinds=$(promised_kinds) promised=false
	! is_promised "$1" || promised=true
	answer "\"address\":$(js "$1"),\"driver\":$2,\"persistent\":$promised"
}

do_bind() {
	[ $# = 1 ] || wrong_usage "no card given"
	need_device "$1"
	only_root "$sys/bus/pci/drivers_probe"
	[ -z "$persist" ] || refuse_other_ids "$card"
	driver_of "$card"
	if [ "$driver" != pcibuf ]; then
		refuse_owned "$card"
		load_module
		# The module binds cards that modprobe.d assigns to it.
		driver_of "$card"
		[ "$driver" = pcibuf ] || take_from "$card" "$driver"
	fi
	[ -z "$persist" ] || persist_card "$card"
	note "$card is bound to pcibuf${persist:+, now and at each boot}"
	tell_bound "$card" '"pcibuf"'
}

# refuse_in_use CARD: fail if the card has buffers, unless --force is given: buffers
# have data, and maybe mappings.
refuse_in_use() {
	[ -z "$force" ] || return 0
	held=
	for name in $(buffers "$1"); do
		buffer_attr "$1" "$name" open_count
		held="$held $name$([ "${value:-0}" = 0 ] || echo " (open)")"
	done
	[ -z "$held" ] || fail 5 in_use "$1 has buffers:$held" \
		"free them, or run pcibufctl unbind $1 --force: processes that have them mapped get SIGBUS"
}

tell_unbound() {
	kinds=$(promised_kinds)
	if is_promised "$1"; then
		note "$1 is unbound, but modprobe.d still assigns it to pcibuf;" \
			"pcibufctl unbind --persist removes what bind --persist wrote"
	else
		note "$1 is unbound; to bind its own driver:" \
			"echo $1 > /sys/bus/pci/drivers_probe"
	fi
}

do_unbind() {
	[ $# -le 1 ] || wrong_usage "too many arguments"
	need_card "${1-}"
	only_root "$sys/bus/pci/drivers_probe"
	refuse_in_use "$card"
	put "$card" "$drivers/pcibuf/unbind" ||
		fail 1 unbind_failed "$card was not unbound: ${said##*: }"
	put "" "$devices/$card/driver_override" || :
	[ -z "$persist" ] || forget_card "$card"
	tell_unbound "$card"
	tell_bound "$card" null
}

# A card that was loaded anew keeps its buffers.
do_recover() {
	[ $# -le 1 ] || wrong_usage "too many arguments"
	need_card "${1-}"
	request "$card" recover 1
	if [ -n "$json" ]; then
		answer "\"address\":$(js "$card")"
	else
		note "$card has the configuration that it had when it was bound"
	fi
}
