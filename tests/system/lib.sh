# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# For the scripts of this directory: test points in TAP, and what a user would
# type. Read with `.`; end with finish.

cards=/sys/class/pcibuf_card
pci=/sys/bus/pci
points=0 failures=0

# check DESCRIPTION COMMAND...: what COMMAND says is shown where it fails.
check() {
	description=$1
	shift
	points=$((points + 1))
	if said=$("$@" 2>&1); then
		echo "ok $points - $description"
	else
		failures=$((failures + 1))
		echo "not ok $points - $description"
		printf 'command: %s\n%s\n' "$*" "$said" | sed 's/^/# /'
	fi
}

# Fails where a test has: not everybody who runs this reads TAP.
finish() {
	echo "1..$points"
	[ $failures = 0 ]
}

not() {
	! "$@"
}

same() {
	[ "$1" = "$2" ] || {
		printf 'expected:\n%s\nfound:\n%s\n' "$1" "$2"
		return 1
	}
}

# refused WORDS COMMAND...: fails, and says WORDS.
refused() {
	words=$1
	shift
	if said=$("$@" 2>&1); then
		echo "not refused"
		return 1
	fi
	case $said in
	*"$words"*) ;;
	*)
		echo "$said"
		return 1
		;;
	esac
}

# says WORDS COMMAND...: ends well, and says WORDS.
says() {
	words=$1
	shift
	said=$("$@" 2>&1) || {
		echo "$said"
		return 1
	}
	case $said in
	*"$words"*) ;;
	*)
		echo "$said"
		return 1
		;;
	esac
}

# udev and systemd take their time.
eventually() {
	for _ in $(seq 200); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	"$@"
}

# put TEXT FILE. Not by the shell's own echo, which does not say why it failed.
put() {
	/bin/echo "$1" >"$2"
}

# nth_card VENDOR:DEVICE N: its PCI address, by their order.
nth_card() {
	lspci -Dnd "$1" | sed -n "$2s/ .*//p"
}

claim() {
	modprobe pcibuf &&
		put pcibuf "$pci/devices/$1/driver_override" &&
		{ [ ! -e "$pci/devices/$1/driver" ] ||
			put "$1" "$pci/devices/$1/driver/unbind"; } &&
		put "$1" "$pci/drivers_probe" &&
		[ -d "$cards/$1" ]
}

unclaim() {
	put "$1" "$pci/drivers/pcibuf/unbind"
}

# gid_is CARD GROUP
gid_is() {
	same "$(getent group "$2" | cut -d: -f3)" "$(cat "$cards/$1/gid")"
}

# journal_says WORDS: by the helper of our rules.
journal_says() {
	journalctl -b -t pcibuf | grep -F "$1"
}

# The node of a buffer, as the kernel names it.
node_of() {
	echo "/dev/$(basename "$(readlink "$cards/$1/buffers/$2")")"
}

# All that udev made, a line a link: where it is, where it leads.
links() {
	[ ! -d /dev/pcibuf ] ||
		find /dev/pcibuf -type l -exec sh -c \
			'for link; do echo "$link $(readlink -f "$link")"; done' _ {} + |
		sort
}

links_are() {
	udevadm settle
	same "$1" "$(links)"
}
