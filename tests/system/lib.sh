# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Functions for the scripts of this directory: test points in TAP, and commands that a
# user types. Read with `.`; end with finish.

cards=/sys/class/pcibuf_card
pci=/sys/bus/pci
points=0 failures=0

# check DESCRIPTION COMMAND...: report COMMAND as a test point. If COMMAND fails, print
# its output as comments.
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

# Print the plan, and fail if a test failed, for callers that do not read TAP.
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

# refused WORDS COMMAND...: COMMAND fails and prints WORDS.
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

# says WORDS COMMAND...: COMMAND succeeds and prints WORDS.
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

# eventually COMMAND...: try COMMAND for 20 s, because udev and systemd need some time.
eventually() {
	for _ in $(seq 200); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	"$@"
}

# put TEXT FILE: write TEXT. The echo of the shell does not print why a write failed.
put() {
	/bin/echo "$1" >"$2"
}

# nth_card VENDOR:DEVICE N: print the PCI address of the Nth card of this kind.
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

# gid_is CARD GROUP: the card belongs to GROUP.
gid_is() {
	same "$(getent group "$2" | cut -d: -f3)" "$(cat "$cards/$1/gid")"
}

# journal_says WORDS: the helper of our rules has logged WORDS.
journal_says() {
	journalctl -b -t pcibuf | grep -F "$1"
}

# node_of CARD BUFFER: print the kernel's name of the buffer's node.
node_of() {
	echo "/dev/$(basename "$(readlink "$cards/$1/buffers/$2")")"
}

# Print each link that udev made, and its target, one link a line.
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
