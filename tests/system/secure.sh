#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs in the guest, under Secure Boot. Before the key is enrolled, the kernel does not
# load the module that DKMS built, and doctor says how to enrol the key. After that the
# module loads. Under the kernel's lockdown buffers work, and the registers of the card
# are closed. The guest has an edu card of 64 bits.
set -eu
# shellcheck source=tests/system/lib.sh
. /payload/tests/system/lib.sh
# shellcheck source=tests/system/install.sh
. /payload/tests/system/install.sh

payload=/payload
card=$(nth_card 1234:11e8 1)
key=/var/lib/dkms/mok.pub
unsigned=/var/lib/unsigned.ko

locked_down() {
	mountpoint -q /sys/kernel/security ||
		mount -t securityfs securityfs /sys/kernel/security
	grep -F '[integrity]' /sys/kernel/security/lockdown
}

# Make a copy of the module without its signature, which is after the last section.
unsigned_module() {
	cp "$(modinfo -n pcibuf)" /tmp/ && cd /tmp &&
		{ [ ! -e pcibuf.ko.xz ] || xz -d pcibuf.ko.xz; } &&
		objcopy pcibuf.ko $unsigned && same "" "$(modinfo -F signer $unsigned)"
}

unsigned_is_refused() {
	not insmod $unsigned && dmesg | grep -iE \
		'unsigned module loading is restricted|loading of unsigned module is rejected'
}

# Import the key. A user would type the password at the prompt of mokutil; this test
# passes a hash of the password.
import_key() {
	mokutil --generate-hash=secret >/tmp/hash && mokutil --import $key --hash-file /tmp/hash
}

stage_1() {
	check "Secure Boot is on" says "SecureBoot enabled" mokutil --sb-state
	check "... and the kernel is locked down" locked_down
	check "packages install" install_packages
	check "DKMS signed what it built" test -n "$(modinfo -F signer pcibuf)"
	check "the module is not loaded" refused "ey was rejected" modprobe pcibuf
	check "... nor by pcibufctl, which says why" refused \
		"mokutil --import $key" pcibufctl bind "$card"
	check "... and so does doctor" refused "mokutil --import $key" \
		pcibufctl doctor
	check "a module that is not signed is made" unsigned_module
	check "... and not loaded" unsigned_is_refused
	check "the key is imported, as doctor says" import_key
	check "... and waits for the next boot" says "[key 1]" mokutil --list-new
	check "... until which the module is not loaded" not modprobe pcibuf
}

# mokutil --test-key fails if the key is enrolled, so check its output.
key_is_enrolled() {
	mokutil --test-key $key | grep -F "is already enrolled"
}

# reads WORDS FILE: FILE begins with WORDS.
reads() {
	same "$1" "$(head -c "${#1}" "$2")"
}

stage_2() {
	check "Secure Boot is on" says "SecureBoot enabled" mokutil --sb-state
	check "... and the kernel is locked down" locked_down
	check "the key is enrolled" key_is_enrolled
	check "a card is bound" pcibufctl bind "$card"
	check "... and doctor finds no fault" pcibufctl doctor
	check "the kernel is not tainted by an unsigned module" same 0 \
		$(($(cat /proc/sys/kernel/tainted) & 8192))
	check "a buffer is made" pcibufctl alloc "$card" 1M rx
	link=/dev/pcibuf/by-path/pci-$card/rx
	check "... and named" udevadm wait --timeout=60 "$link"
	check "... and written to" put hello "$link"
	check "... and read" reads hello "$link"
	check "... and mapped" python3 "$payload/tests/system/hold.py" "$link" </dev/null
	check "registers of the card are closed" refused "not permitted" \
		/tmp/roundtrip "$link" 0 "$pci/devices/$card/resource0"
	check "the module unloads" modprobe -r pcibuf
	check "an unsigned one is not loaded" unsigned_is_refused
}

check "a program for the card compiles" cc -o /tmp/roundtrip \
	"$(find /payload -name roundtrip.c)"
"stage_$PCIBUF_STAGE"
finish
