#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The program tells the monitor to unplug the card and to plug it in again.
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
# The kernel removes the device first, and switches off the slot a second later. QEMU can
# use the slot again only when it is off.
sleep 3
echo "@hmp device_add edu,id=card0,bus=rp0"
present && echo "ok 2 plugged" || echo "not ok 2 plugged"
