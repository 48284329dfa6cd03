# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of pcibufctl: doctor. A fault keeps something from working, and makes the exit
# status 1. A warning is for an administrator to judge.
: "${root:=}" "${sys:=}" "${class:=}" "${devices:=}" "${json:=}" "${value:=}"
: "${driver:=}" "${iommu:=}" "${kernel:=}" "${failures:=}" "${saved:=}" "${fault:=}"
: "${why:=}" "${cure:=}" "${last_wrong:=}"

verdicts='' faults=0 warnings=0
rules=$root/usr/lib/udev/rules.d/60-persistent-pcibuf.rules

# verdict ok|warning|fault NAME MESSAGE [CURE]
verdict() {
	case $1 in
	fault) faults=$((faults + 1)) ;;
	warning) warnings=$((warnings + 1)) ;;
	esac
	verdicts="$verdicts${verdicts:+,}{\"status\":\"$1\",\"name\":$(js "$2"),\"message\":$(js "$3"),\"cure\":$(jo "${4-}")}"
	[ -z "$json" ] || return 0
	printf '%-8s %s\n' "$1" "$3"
	[ -z "${4-}" ] || printf '         do: %s\n' "$4"
}

check_module() {
	if [ ! -d "$sys/module/pcibuf" ]; then
		explain_module
		verdict fault "$fault" "$why" "$cure"
	elif module_old; then
		verdict fault old_module "the loaded module is not the installed module" \
			"free all buffers, then: modprobe -r pcibuf; modprobe pcibuf; or reboot"
	else
		attr "$sys/module/pcibuf/version" || value='?'
		verdict ok module "the module is loaded, version $value"
	fi
	[ ! -d "$sys/module/pcibuf" ] || check_next_boot
}

# The loaded module may be missing at the next boot, or after the next upgrade.
check_next_boot() {
	if module_missing; then
		explain_module
		verdict warning "$fault" "the next boot finds no module: $why" "$cure"
	elif headers_missing; then
		verdict warning no_headers "the headers of kernel $kernel, which DKMS needs, are not installed" \
			"apt install $(headers_of "$kernel")"
	fi
}

# Lockdown does not affect pcibuf, but the program that drives the card.
check_lockdown() {
	if locked_down; then
		verdict warning lockdown "the kernel is locked down: nobody can map resource0 or write to a card's configuration space" \
			"pcibuf itself works; for the registers see /usr/share/doc/pcibuf-tools/pages/bars.md"
	fi
}

# The next boot may use another installed kernel.
check_next_kernel() {
	for next in "$root"/lib/modules/*; do
		next=${next##*/}
		if [ "$next" = "$kernel" ] || [ ! -e "$root/lib/modules/$next/kernel" ] ||
			[ -n "$(module_file "$next")" ]; then
			continue
		fi
		verdict warning next_kernel "the module was not built for kernel $next, which is also installed" \
			"apt install $(headers_of "$next"), then: dkms autoinstall -k $next"
	done
}

check_rules() {
	if [ ! -e "$rules" ]; then
		verdict fault no_rules "the udev rules of pcibuf are not installed" \
			"apt install --reinstall pcibuf-tools"
	elif [ ! -e "$root/run/udev/control" ]; then
		verdict fault no_udev "udevd does not run: cards get no group, and buffers get no links" \
			"systemctl start systemd-udevd, then: udevadm trigger -s pcibuf_card -s pcibuf -s pcibuf_irq"
	else
		verdict ok rules "the udev rules are installed, and udevd runs"
	fi
	if ! entry=$(group_entry pcibuf); then
		verdict fault no_group "there is no group pcibuf" \
			"systemd-sysusers, then: udevadm trigger -s pcibuf_card"
	else
		check_member "${entry%%:*}" "$(echo "$entry" | cut -d: -f3)"
	fi
}

# check_member GROUP GID: whether this user may use the cards. Root needs no group.
check_member() {
	user=$(user_name)
	# shellcheck disable=SC2046 # words
	if [ "$(id -u)" = 0 ] || has_word "$2" $(id -G); then
		verdict ok group "$user may use cards of group $1"
	elif has_word "$2" $(id -G "$user" 2>/dev/null); then
		verdict fault group_not_in_effect "$user joined group $1 after logging in" \
			"log out and in again, or: newgrp $1"
	else
		verdict warning not_in_group "$user is not in group $1" \
			"as root: adduser $user $1; then log in again"
	fi
}

# Cards that modprobe.d assigns to pcibuf, but that pcibuf does not have.
check_promises() {
	kinds=$(promised_kinds)
	for dir in "$devices"/*; do
		[ -e "$dir" ] || continue
		is_promised "${dir##*/}" || continue
		driver_of "${dir##*/}"
		case $driver in
		pcibuf) ;;
		'') verdict fault not_bound "modprobe.d assigns ${dir##*/} to pcibuf, but no driver is bound" \
			"pcibufctl bind ${dir##*/}" ;;
		*) verdict fault other_driver "modprobe.d assigns ${dir##*/} to pcibuf, but $driver is bound" \
			"pcibufctl bind ${dir##*/} --force; permanently: blacklist $driver in modprobe.d (if it has no other card), and run update-initramfs -u" ;;
		esac
	done
}

check_cards() {
	if [ -z "$(cards)" ]; then
		verdict warning no_card "no card is bound to pcibuf" \
			"pcibufctl bind ADDRESS (lspci -D shows addresses)"
	fi
	for name in $(cards); do
		check_card "$name"
	done
}

check_card() {
	iommu_of "$1"
	case $iommu in
	none | identity)
		verdict warning no_iommu "no IOMMU translates for $1, so the card reaches all memory" \
			"enable VT-d, AMD-Vi or the SMMU in the firmware; boot with iommu.passthrough=0, on Intel also with intel_iommu=on" ;;
	*) verdict ok iommu "$1 is behind an IOMMU ($iommu)" ;;
	esac
	card_attr "$1" gid
	if [ "${value:-0}" = 0 ]; then
		verdict warning no_gid "$1 has no group: only root can use it" \
			"unless a udev rule of yours sets this: udevadm trigger -s pcibuf_card"
	fi
	card_attr "$1" last_error
	if [ -n "$value" ]; then
		verdict warning last_error "$1: $value"
	fi
	if silent_msi "$1"; then
		verdict warning silent_irq "$1 has interrupts by MSI, but no buffer: they arrive only while it has one" \
			"pcibufctl alloc $1 4K"
	fi
	check_restored "$1"
	check_twin "$1"
}

check_restored() {
	if systemctl -q is-failed "pcibuf-restore@$1.service" >/dev/null 2>&1; then
		verdict fault not_restored "not every saved buffer of $1 was restored" \
			"journalctl -b -u pcibuf-restore@$1 says why"
	fi
}

check_twin() {
	identity_of "$1"
	wanted=$identity
	[ -n "$wanted" ] || return 0
	for other in $(cards); do
		identity_of "$other"
		if [ "$other" = "$1" ] || [ "$identity" != "$wanted" ]; then
			continue
		fi
		verdict warning twins "$1 and $other have the same identity, $wanted, so neither has by-id links" \
			"use by-path links for both"
	done
}

check_saved() {
	for file in "$saved"/*.conf; do
		[ -e "$file" ] || continue
		if fine 2>/dev/null; then
			verdict ok saved "$file can be understood"
		else
			verdict fault bad_config "$last_wrong; nothing of that file is restored" \
				"correct the file, see pcibuf.conf(5); then: pcibufctl restore"
		fi
	done
}

summary() {
	case $faults.$warnings in
	0.0) note "All is well." ;;
	*) note "Faults: $faults. Warnings: $warnings." ;;
	esac
}

do_doctor() {
	[ $# = 0 ] || wrong_usage "doctor takes no arguments"
	check_module
	check_lockdown
	check_next_kernel
	check_rules
	check_promises
	check_cards
	check_saved
	fields="\"checks\":[$verdicts],\"faults\":$faults,\"warnings\":$warnings"
	summary
	if [ "$faults" != 0 ]; then
		[ -n "$json" ] || exit 1
		fail 1 faults "faults found: $faults" "see the field checks" "$fields"
	fi
	[ -z "$json" ] || answer "$fields"
}
