#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# In the guest: gives each of three drivers a card, and runs the benchmark, with
# arguments from bench.conf. A line that begins with == is about the run.
set -u

# The nth card.
card()
{
	grep -lx 0x1234 /sys/bus/pci/devices/*/vendor | sed "s|/vendor||" |
		while read -r dir; do
			[ "$(cat "$dir/device")" != 0x11e8 ] || echo "$dir"
		done | sed -n "$1p"
}

# give CARD DRIVER
give()
{
	echo "$2" >"$1/driver_override"
	echo "${1##*/}" >/sys/bus/pci/drivers_probe
}

here=/tests
# shellcheck disable=SC1091,SC2154 # made for each run
. "$here/bench.conf"

insmod "$here/rivals.ko"
give "$(card 1)" pcibuf
give "$(card 2)" rivals
give "$(card 3)" vfio-pci
# A buffer may take a quarter of the memory as it is.
echo 2G >/sys/module/pcibuf/parameters/max_total
echo always >/sys/kernel/mm/transparent_hugepage/enabled
# The emulator gets memory from its host when the guest touches it first.
[ "$WARM" = 0 ] || {
	mount -o remount,size=100% /tmp
	dd if=/dev/zero of=/tmp/fill bs=1M count="$WARM" 2>/dev/null
	rm /tmp/fill
}
echo "== kernel $(uname -r)"

# shellcheck disable=SC2086 # words
"$here/bench" -c "$(basename "$(card 1)")" -v "$(basename "$(card 3)")" $ARGS
status=$?
rmmod rivals
exit $status
