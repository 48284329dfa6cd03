# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Functions that make a machine with cards out of files, for pcibufctl. Read with `.`,
# after setting top=.

# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
export FAKE_ROOT="$work/root" FAKE_LOG="$work/log" FAKE_AT='' FAKE_ERROR=''
sys=$FAKE_ROOT/sys
a=0000:03:00.0
b=0000:04:00.0

# file PATH TEXT: write a file in the fake tree.
file() {
	mkdir -p "$FAKE_ROOT/${1%/*}"
	printf '%s\n' "$2" >"$FAKE_ROOT/$1"
}

fake_commands() {
	mkdir "$work/bin"
	cp "$top/tests/unit/fake/echo" "$work/bin/"
	for name in uname id getent modinfo modprobe mokutil systemctl udevadm; do
		cp "$top/tests/unit/fake/command" "$work/bin/$name"
	done
}

# add_device ADDRESS VENDOR DEVICE [DRIVER]: add a PCI device.
add_device() {
	file "sys/bus/pci/devices/$1/vendor" "0x$2"
	file "sys/bus/pci/devices/$1/device" "0x$3"
	file "sys/bus/pci/devices/$1/driver_override" ''
	if [ -n "${4-}" ]; then
		mkdir -p "$sys/bus/pci/drivers/$4"
		ln -s "../../drivers/$4" "$sys/bus/pci/devices/$1/driver"
	fi
}

# add_card ADDRESS [SERIAL]: add a card that is bound to pcibuf.
add_card() {
	dir=sys/class/pcibuf_card/$1
	add_device "$1" 10ee 7024 pcibuf
	file "$dir/dma_mask_bits" 64
	file "$dir/max_bytes" 1073741824
	file "$dir/allocated_bytes" 0
	file "$dir/max_buffers" 65536
	file "$dir/nr_buffers" 0
	file "$dir/gid" 900
	file "$dir/last_error" ''
	[ -z "${2-}" ] || file "$dir/serial" "$2"
	for name in alloc alloc_sg free; do
		file "$dir/$name" ''
	done
	file "$dir/irq_type" auto
	file "$dir/nr_irqs" 0
	mkdir "$FAKE_ROOT/$dir/buffers" "$FAKE_ROOT/$dir/irqs"
}

# Make a machine without faults: one card, one buffer, the group, the module.
fake_machine() {
	rm -rf "$FAKE_ROOT"
	: >"$FAKE_LOG"
	FAKE_AT=''
	file answers/kernel 6.1.0-1-amd64
	file answers/user alice
	file answers/uid 1000
	file answers/groups-now "1000 900"
	file answers/groups-then "1000 900"
	file answers/modinfo ABCD
	file answers/signer "DKMS module signing key"
	file etc/group pcibuf:x:900:alice
	file lib/modules/6.1.0-1-amd64/updates/dkms/pcibuf.ko ''
	file lib/modules/6.1.0-1-amd64/build/Makefile ''
	file usr/lib/udev/rules.d/60-persistent-pcibuf.rules ''
	file run/udev/control ''
	file sys/kernel/security/lockdown "[none] integrity confidentiality"
	file sys/module/module/parameters/sig_enforce N
	file sys/module/pcibuf/srcversion ABCD
	file sys/module/pcibuf/version 0.1.0
	file sys/module/pcibuf/parameters/max_total 1073741824
	file sys/bus/pci/drivers_probe ''
	file sys/bus/pci/drivers/pcibuf/unbind ''
	file proc/self/mountinfo "1 1 254:0 / / rw - ext4 /dev/vda rw"
	add_card $a 525400ffff123456
	file sys/bus/pci/devices/$a/iommu_group/type DMA-FQ
}

ctl() {
	PCIBUFCTL_ROOT=$FAKE_ROOT PATH=$work/bin:$PATH \
		"$top/scripts/tool/pcibufctl" "$@"
}

# Run pcibufctl as a user who has no more permissions than any other user.
ctl_as_nobody() {
	PCIBUFCTL_ROOT=$FAKE_ROOT PATH=$work/bin:$PATH \
		setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$top/scripts/tool/pcibufctl" "$@"
}

# ends STATUS WORDS COMMAND...: COMMAND ends with STATUS and prints WORDS.
ends() {
	wanted=$1 words=$2 status=0
	shift 2
	said_there=$("$@" 2>&1) || status=$?
	same "$wanted" "$status" || {
		echo "$said_there"
		return 1
	}
	case $said_there in
	*"$words"*) ;;
	*)
		echo "$said_there"
		return 1
		;;
	esac
}

# strict EXPRESSION COMMAND [ARGUMENT...]: check the command's JSON strictly, and print
# the value of a Python expression about the JSON.
strict() {
	expression=$1
	shift
	{ ctl "$@" --json || :; } |
		python3 "$top/tests/unit/fake/strict.py" "$1" "$expression"
}

# written WORDS: pcibufctl has written WORDS to sysfs.
written() {
	same "$1" "$(cat "$FAKE_LOG")"
}

fake_commands
