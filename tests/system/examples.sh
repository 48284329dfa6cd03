# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Runs the examples that the package installs, where the package installs them.
: "${cards:=}" "${pci:=}" "${edu:=}"

examples=/usr/share/doc/pcibuf-tools/examples
rule=/etc/udev/rules.d/59-pcibuf-local.rules

# Compile programs as a C programmer does, with the header that the package installs.
compile() {
	cc -Wall -Wextra -Werror -o /tmp/roundtrip $examples/roundtrip.c &&
		printf '%s\n' '#include <linux/pcibuf.h>' \
			'int main(void) { return sizeof(struct pcibuf_info) != 120; }' \
			>/tmp/header.c &&
		cc -std=c99 -pedantic -Wall -Werror -o /tmp/header /tmp/header.c &&
		/tmp/header
}

by_c() {
	runuser -u "$1" -- /tmp/roundtrip "$node" \
		"$(cat "$cards/$edu/buffers/rx/dma_addr")" "$pci/devices/$edu/resource0"
}

by_python() {
	runuser -u "$1" -- python3 $examples/roundtrip.py "$2"
}

keep_works() {
	dd if=/dev/urandom of=/tmp/file bs=1000 count=777 status=none
	chmod 644 /tmp/file
	runuser -u "$1" -- $examples/keep.sh "$edu" /tmp/file &&
		same "" "$(ls -d "$cards/$edu"/buffers/keep 2>/dev/null)"
}

test_examples() {
	check "the example in C compiles" compile
	check "a buffer is made" pcibufctl alloc 1M rx
	node=/dev/pcibuf/by-path/pci-$edu/rx
	udevadm wait --timeout=60 "$node"
	check "the example in C moves bytes" by_c root
	check "the one in Python moves bytes" by_python root "$node"
	check "the one in shell keeps bytes" keep_works alice
}

# Enable the rule that the shipped rules have as a comment, as the comment describes.
open_registers() {
	sed -n 's/^#\(SUBSYSTEM=="pcibuf_card", .*resource.*\)/\1/p' \
		/usr/lib/udev/rules.d/60-persistent-pcibuf.rules >$rule
	grep resource $rule && udevadm control --reload &&
		udevadm trigger --settle --subsystem-match=pcibuf_card
}

test_registers() {
	check "a member has no registers" refused "Permission denied" by_c alice
	check "the rule for them is taken into use" open_registers
	check "a member moves bytes, in C" by_c alice
	check "... and in Python" by_python alice "$node"
	check "who is no member has none" refused "Permission denied" by_c bob
	check "... and no buffer" refused "Permission denied" by_python bob "$node"
	rm $rule
	udevadm control --reload
	check "it is freed" pcibufctl free rx
	check "a buffer has several segments" several_segments
	check "... and the example in Python reaches both ends" by_python root "$node"
	check "it is freed" pcibufctl free rx
	check "the IOMMU translates again" translate DMA
}

# Behind an IOMMU in passthrough mode, allocate more memory than is contiguous, so that
# the buffer has several segments.
several_segments() {
	translate identity && pcibufctl alloc 400M rx --sg &&
		udevadm wait --timeout=60 "$node" &&
		[ "$(cat "$cards/$edu/buffers/rx/nr_segments")" -gt 1 ]
}
