#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The card goes when the monitor is told so, and comes back.
card=/sys/bus/pci/devices/0000:01:00.0

present() {
	for _ in $(seq 100); do
		[ ! -e $card ] || return 0
		sleep 0.1
	done
	return 1
}

absent() {
	for _ in $(seq 100); do
		[ -e $card ] || return 0
		sleep 0.1
	done
	return 1
}

echo 1..2
echo "@hmp device_del card0"
absent && echo "ok 1 unplugged" || echo "not ok 1 unplugged"
# The kernel lets go of the device first, and switches its slot off a second later;
# only then is the slot free for QEMU.
sleep 3
echo "@hmp device_add edu,id=card0,bus=rp0"
present && echo "ok 2 plugged" || echo "not ok 2 plugged"
