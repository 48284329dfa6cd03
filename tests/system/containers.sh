#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest. Tests containers of Debian's podman, as root and rootless, without a
# network. The image has one static program.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh

edu=$(nth_card 1234:11e8 1)
net=$(nth_card 8086:10d3 1)
# Disable cgroups: rootless podman needs a session of systemd for cgroups. A session needs
# a login, and alice has none.
alone="--network=none --cgroups=disabled"

install_all() {
	/payload/tests/system/add-archive.sh &&
		DEBIAN_FRONTEND=noninteractive apt-get -qy install pcibuf-tools &&
		useradd -m alice && useradd -m bob && usermod -aG pcibuf alice &&
		insmod /payload/module/pcibuf.ko && make_buffer "$edu" &&
		make_buffer "$net"
}

make_buffer() {
	pcibufctl bind "$1" --force && pcibufctl alloc "$1" 6M rx &&
		udevadm wait --timeout=60 /dev/pcibuf/by-path/pci-"$1"/rx
}

# as USER COMMAND...: run COMMAND as USER. podman needs a working directory that the user
# can enter.
as() {
	user=$1
	shift
	if [ "$user" = root ]; then
		(cd / && "$@")
	else
		(cd / && setsid runuser -u "$user" -- "$@")
	fi
}

make_image() {
	tar -C /payload/image -cf /tmp/image.tar inside &&
		chmod 644 /tmp/image.tar &&
		as "$1" podman import /tmp/image.tar pcibuf-test
}

# run USER OPTION... : run the program in a container that has the node as /dev/rx.
run() {
	user=$1
	shift
	# shellcheck disable=SC2086 # words
	as "$user" podman run --rm $alone --device "$node:/dev/rx" "$@" \
		pcibuf-test /inside /dev/rx
}

# Print the expected output of the program, from sysfs.
facts() {
	dir=$cards/$card/buffers/rx
	printf 'card %s\nlabel rx\nsize %s\ndma_addr %s\n' "$card" \
		"$(cat "$dir/size")" "$(cat "$dir/dma_addr")"
	sed 's/^/segment /' "$dir/segments"
}

# works USER OPTION...: the program prints the right facts, reads bytes from outside, and
# writes bytes that can be read outside.
works() {
	# dd fails at the end of the buffer.
	dd if=/dev/zero of="$node" bs=1M status=none 2>/dev/null || :
	printf 'from outside' | dd of="$node" status=none
	told=$(run "$@") && same "$(facts)" "$told" &&
		same "from inside" "$(tail -c 11 "$node")"
}

# Use the persistent name by-id of a card with a serial number. A name by-path has colons,
# which podman uses as separators.
by_id() {
	card=$net
	for node in /dev/pcibuf/by-id/*/rx; do
		works root
	done
}

bob_runs() {
	make_image bob && run bob --group-add keep-groups
}

check "the tools, the module and a buffer" install_all
card=$edu
node=$(node_of "$edu" rx)
check "root makes an image of a program" make_image root
check "in root's container it has its facts, and the buffer" works root
check "... also without all capabilities" works root --cap-drop=all
check "... and by a name by id, of a card that has one" by_id
check "alice makes an image" make_image alice
check "in a rootless container without her groups it may not open the node" \
	refused "Permission denied" run alice
check "... and with them it has its facts, and the buffer" \
	works alice --group-add keep-groups
check "who is not in the group may not, with all that he has" \
	refused "Permission denied" bob_runs
check "the buffer is freed after all" pcibufctl free "$edu" rx
finish
