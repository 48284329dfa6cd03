#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests pcibufctl doctor with a machine made of files. On a machine without faults doctor
# says that all is well. For each fault that the test makes, doctor finds this fault alone
# and prints its cure.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/unit/fake.sh
. "$top/tests/unit/fake.sh"
efi=sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c

# Print all findings of doctor, from its JSON.
complaints() {
	strict '"\n".join("%s %s: %s" % (c["status"], c["name"], c["cure"])
		for c in d["checks"] if c["status"] != "ok")' doctor
}

complaint() {
	found=$(complaints) || return
	case $found in
	*"
"*) same "one complaint" "$found" ;;
	"$1"*"$2"*) ;;
	*) same "$1 ... $2" "$found" ;;
	esac
}

# finds NAME CURE [KIND]: doctor finds NAME, and prints the cure as JSON and as text.
finds() {
	kind=${3-fault}
	check "doctor finds $1" complaint "$kind $1: " "$2"
	case $kind in
	fault) check "... and says what to do" ends 1 "do: $2" ctl doctor ;;
	*) check "... and says what to do" ends 0 "do: $2" ctl doctor ;;
	esac
	fake_machine
}

# Remove mokutil: both the fake one and the one of the machine that runs this test.
without_mokutil() {
	rm "$work/bin/mokutil"
	cp -rs /usr/bin "$work/most"
	rm -f "$work/most/mokutil"
	# shellcheck disable=SC2123 # meant
	all=$PATH PATH=$work/most
	finds no_key "apt install mokutil; then: mokutil --import"
	PATH=$all
	cp "$work/bin/id" "$work/bin/mokutil"
}

module_faults() {
	rm -r "$sys/module/pcibuf" "$FAKE_ROOT/lib/modules/6.1.0-1-amd64"
	mkdir "$FAKE_ROOT/lib/modules/6.1.0-1-amd64"
	finds no_headers "apt install linux-headers-6.1.0-1-amd64"
	rm -r "$sys/module/pcibuf" "$FAKE_ROOT/lib/modules/6.1.0-1-amd64/updates"
	finds not_built "dkms autoinstall"
	rm -r "$sys/module/pcibuf"
	finds not_loaded "modprobe pcibuf"
}

# other_key CERTIFICATE: this key of the machine is not enrolled, and doctor names it.
other_key() {
	rm -r "$sys/module/pcibuf"
	file $efi ''
	printf '\006\000\000\000\001' >"$FAKE_ROOT/$efi"
	file "${1#/}" key
	file answers/mokutil "${1##*/} is not enrolled"
	finds no_key "mokutil --import $1, then"
}

# A key that the configuration of DKMS names, and Ubuntu's.
other_keys() {
	other_key /var/lib/shim-signed/mok/MOK.der
	file etc/dkms/framework.conf "mok_certificate=\"/etc/keys/mine.pub\""
	file var/lib/shim-signed/mok/MOK.der other
	other_key /etc/keys/mine.pub
	file etc/dkms/framework.conf "# mok_certificate=/etc/keys/mine.pub"
	file etc/dkms/framework.conf.d/x.conf "mok_certificate=/etc/keys/x.pub"
	other_key /etc/keys/x.pub
}

signature_faults() {
	rm -r "$sys/module/pcibuf"
	file $efi ''
	printf '\006\000\000\000\001' >"$FAKE_ROOT/$efi"
	file var/lib/dkms/mok.pub key
	file answers/mokutil "mok.pub is not enrolled"
	finds no_key "mokutil --import /var/lib/dkms/mok.pub"
	other_keys
	rm -r "$sys/module/pcibuf"
	file sys/module/module/parameters/sig_enforce Y
	finds no_key "boot without module.sig_enforce"
	rm -r "$sys/module/pcibuf"
	file sys/module/module/parameters/sig_enforce Y
	file $efi ''
	file var/lib/dkms/mok.pub key
	without_mokutil
	rm -r "$sys/module/pcibuf"
	file sys/module/module/parameters/sig_enforce Y
	file answers/signer ''
	finds not_signed "apt install openssl"
	rm -r "$sys/module/pcibuf"
	file $efi ''
	printf '\006\000\000\000\001' >"$FAKE_ROOT/$efi"
	file var/lib/dkms/mok.pub key
	file answers/mokutil "mok.pub is already enrolled"
	finds not_loaded "modprobe pcibuf"
}

# Faults of a module that is loaded.
next_faults() {
	file sys/kernel/security/lockdown "none [integrity] confidentiality"
	finds lockdown "pcibuf itself works" warning
	file answers/modinfo EF01
	finds old_module "free all buffers, then: modprobe -r pcibuf"
	rm "$FAKE_ROOT/lib/modules/6.1.0-1-amd64/updates/dkms/pcibuf.ko"
	finds not_built "dkms autoinstall" warning
	rm -r "$FAKE_ROOT/lib/modules/6.1.0-1-amd64/updates" \
		"$FAKE_ROOT/lib/modules/6.1.0-1-amd64/build"
	finds no_headers "apt install linux-headers-6.1.0-1-amd64" warning
	rm -r "$FAKE_ROOT/lib/modules/6.1.0-1-amd64/build"
	finds no_headers "apt install linux-headers-6.1.0-1-amd64" warning
	mkdir -p "$FAKE_ROOT/lib/modules/6.1.0-2-amd64/kernel"
	finds next_kernel "apt install linux-headers-6.1.0-2-amd64" warning
	mkdir -p "$FAKE_ROOT/lib/modules/6.8.12-1-pve/kernel"
	finds next_kernel "apt install proxmox-headers-6.8.12-1-pve" warning
}

system_faults() {
	rm "$FAKE_ROOT/etc/group"
	finds no_group "systemd-sysusers"
	file answers/groups-now 1000
	finds group_not_in_effect "log out and in again"
	file answers/groups-now 1000
	file answers/groups-then 1000
	finds not_in_group "as root: adduser alice pcibuf" warning
	rm "$FAKE_ROOT/usr/lib/udev/rules.d/60-persistent-pcibuf.rules"
	finds no_rules "apt install --reinstall pcibuf-tools"
	rm "$FAKE_ROOT/run/udev/control"
	finds no_udev "systemctl start systemd-udevd"
	file etc/modprobe.d/x.conf "options pcibuf ids=8086:10D3,1234:11e8"
	add_device $b 8086 10d3 e1000e
	finds other_driver "pcibufctl bind $b --force; permanently: blacklist e1000e"
	file etc/modprobe.d/x.conf "options pcibuf ids=8086:10D3,1234:11e8"
	add_device $b 1234 11e8
	finds not_bound "pcibufctl bind $b"
	file etc/modprobe.d/x.conf "options pcibuf max_total=1G ids=1234:11e8:1AF4:1100"
	add_device $b 1234 11e8
	file sys/bus/pci/devices/$b/subsystem_vendor 0x1af4
	file sys/bus/pci/devices/$b/subsystem_device 0x1101
	check "a card of another subsystem is nobody's promise" ends 0 "All is well." ctl doctor
	file sys/bus/pci/devices/$b/subsystem_device 0x1100
	finds not_bound "pcibufctl bind $b"
	file etc/pcibuf.d/x.conf "[crad]"
	finds bad_config "correct the file, see pcibuf.conf(5)"
	file answers/systemctl ""
	finds not_restored "journalctl -b -u pcibuf-restore@$a"
}

card_faults() {
	rm -r "$sys/bus/pci/devices/$a/iommu_group"
	finds no_iommu "enable VT-d" warning
	file sys/bus/pci/devices/$a/iommu_group/type identity
	finds no_iommu "enable VT-d" warning
	file sys/class/pcibuf_card/$a/gid 0
	finds no_gid "unless a udev rule of yours" warning
	rm -r "$sys/class/pcibuf_card/$a"
	finds no_card "pcibufctl bind ADDRESS" warning
	add_card $b 525400ffff123456
	file sys/bus/pci/devices/$b/iommu_group/type DMA
	# Each of the two cards is the twin of the other.
	check "doctor finds twins" ends 0 "have the same identity" ctl doctor
	check "... both" same 2 "$(complaints | grep -c "warning twins: use by-path links for both")"
	fake_machine
	ctl irqs 1 >/dev/null
	finds silent_irq "pcibufctl alloc $a 4K" warning
	file sys/class/pcibuf_card/$a/nr_irqs 1
	file sys/class/pcibuf_card/$a/irq_type intx
	check "INTx needs no buffer" ends 0 "All is well." ctl doctor
	fake_machine
	file sys/class/pcibuf_card/$a/last_error 'alloc "1G": ENOMEM: no memory'
	check "doctor shows the last error" ends 0 'alloc "1G": ENOMEM' ctl doctor
}

fake_machine
check "nothing is wrong with a machine that is well" same "0 0" \
	"$(strict '"%s %s" % (d["faults"], d["warnings"])' doctor)"
check "... and people are told so" ends 0 "All is well." ctl doctor
module_faults
signature_faults
next_faults
system_faults
card_faults
finish
