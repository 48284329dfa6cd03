#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=dash
#
# Runs in the guest. Binds a card to each of three drivers, and runs the benchmark with
# the arguments in bench.conf. A line of output that begins with == is about the run.
set -u

# card N: print the directory of the Nth edu card.
card()
{
	grep -lx 0x1234 /sys/bus/pci/devices/*/vendor | sed "s|/vendor||" |
		while read -r dir; do
			[ "$(cat "$dir/device")" != 0x11e8 ] || echo "$dir"
		done | sed -n "$1p"
}

# give CARD DRIVER: bind the card to the driver.
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
# By default, buffers may use a quarter of the memory. Allow more.
echo 2G >/sys/module/pcibuf/parameters/max_total
echo always >/sys/kernel/mm/transparent_hugepage/enabled
# Touch memory first: the emulator gets memory from its host when the guest touches it for
# the first time, which takes time.
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
