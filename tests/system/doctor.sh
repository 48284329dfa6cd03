# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# Tests pcibufctl doctor on a real system. The test makes each fault; doctor names this
# fault and no other; the test runs the printed cure, and then doctor finds no fault.
: "${cards:=}" "${pci:=}" "${edu:=}" "${net:=}"

kernel=$(uname -r)
home=/lib/modules/$kernel

# finds NAME CURE [COMMAND...]: doctor finds only NAME, and its cure begins with CURE.
# COMMAND runs pcibufctl, as any user.
finds() {
	name=$1 begins=$2
	shift 2
	[ $# -gt 0 ] || set -- pcibufctl
	"$@" doctor --json >/tmp/said || :
	python3 - "$name" "$begins" /tmp/said <<-'END'
		import json, sys
		name, cure, path = sys.argv[1:]
		wrong = [c for c in json.load(open(path))["checks"] if c["status"] != "ok"]
		fine = [c["name"] for c in wrong] == [name] and wrong[0]["cure"].startswith(cure)
		sys.exit(0 if fine else str(wrong))
	END
}

well() {
	pcibufctl doctor | grep -x 'All is well.'
}

# Run the cure that doctor printed: the text up to the first semicolon, and the text after
# "then:".
do_cure() {
	cure=$(python3 -c 'import json
print(*[c["cure"] for c in json.load(open("/tmp/said"))["checks"]
	if c["status"] != "ok"])')
	echo "$cure"
	case $cure in
	*", then: "*) sh -ec "${cure%, then: *}; ${cure#*, then: }" ;;
	*) sh -ec "${cure%%; *}" ;;
	esac && udevadm settle
}

# seeded DESCRIPTION NAME CURE: doctor finds the fault, the printed cure works, and then
# doctor finds no fault.
seeded() {
	check "$1: doctor finds it" finds "$2" "$3"
	check "... what it says to do can be done" do_cure
	check "... and helps" well
}

as_alice() {
	runuser -u alice -- "$@"
}

install_module() {
	mkdir -p "$home/updates/dkms" && cp /payload/module/pcibuf.ko "$home/updates/dkms/" &&
		depmod
}

test_module_faults() {
	check "no module for this kernel: doctor finds it" doctor_of_two not_built
	mv "$home/build" "$home/elsewhere"
	check "no headers: doctor finds it" doctor_of_two no_headers
	check "... and so does bind" refused "apt install linux-headers-$kernel" \
		pcibufctl bind "$edu"
	mv "$home/elsewhere" "$home/build"
	install_module
	echo "options pcibuf ids=nonsense" >/etc/modprobe.d/mine.conf
	check "a module that refuses its options: bind says so" \
		refused "does not load: Invalid argument" pcibufctl bind "$edu"
	rm /etc/modprobe.d/mine.conf
	check "a module that nobody loaded: doctor finds it" doctor_of_two not_loaded
	modprobe pcibuf
	check "no card: doctor finds it" finds no_card "pcibufctl bind ADDRESS"
	check "... and with one" pcibufctl bind "$edu"
	check "... all is well" well
}

# doctor_of_two NAME: doctor finds NAME and no_card.
doctor_of_two() {
	pcibufctl doctor --json >/tmp/said || :
	same "$1 no_card" "$(python3 -c 'import json
print(*[c["name"] for c in json.load(open("/tmp/said"))["checks"]
	if c["status"] != "ok"])')"
}

translate() {
	pcibufctl unbind "$edu" && put "$1" "$pci/devices/$edu/iommu_group/type" &&
		pcibufctl bind "$edu"
}

# Start a shell of alice, then add alice to the group, and then run doctor in the shell.
old_login() {
	mkfifo -m 666 /tmp/go
	as_alice sh -c 'read -r word </tmp/go; exec pcibufctl doctor --json' >/tmp/old &
	usermod -aG pcibuf alice
	echo now >/tmp/go
	wait $!
	rm /tmp/go
}

test_system_faults() {
	put "options pcibuf ids=8086:10d3" /etc/modprobe.d/mine.conf
	check "another driver has a card: doctor finds it" finds other_driver \
		"pcibufctl bind $net --force; permanently: blacklist e1000e in modprobe.d"
	check "... what it says to do can be done" pcibufctl bind "$net" --force
	check "... and helps" well
	pcibufctl unbind "$net" >/dev/null
	seeded "no driver has a card of ours" not_bound "pcibufctl bind $net"
	rm /etc/modprobe.d/mine.conf
	pcibufctl unbind "$net" >/dev/null

	check "the IOMMU lets a card pass" translate identity
	check "... doctor finds it" finds no_iommu "enable VT-d"
	check "... it translates again" translate DMA
	check "... and all is well" well

	check "a user who is not in the group: doctor finds it" finds not_in_group \
		"as root: adduser alice pcibuf" as_alice pcibufctl
	old_login || :
	check "one who was not when he logged in: doctor finds it" finds \
		group_not_in_effect "log out and in again" cat_old
	check "... and after a login all is well" finds_nothing as_alice pcibufctl
	groupdel pcibuf
	seeded "the group is gone" no_group "systemd-sysusers"
	usermod -aG pcibuf alice

	rm /usr/lib/udev/rules.d/60-persistent-pcibuf.rules
	seeded "the rules are gone" no_rules "apt install --reinstall pcibuf-tools"

	mkdir -p /etc/pcibuf.d
	put "[crad]" /etc/pcibuf.d/x.conf
	check "a file that cannot be understood: doctor finds it" finds bad_config \
		"correct the file, see pcibuf.conf(5)"
	rm -r /etc/pcibuf.d
	check "... and all is well without" well
}

# Print the output of pcibufctl in the old login, in place of pcibufctl.
cat_old() {
	cat /tmp/old
}

finds_nothing() {
	"$@" doctor | grep -x 'All is well.'
}

unload() {
	pcibufctl unbind "$edu" && modprobe -r pcibuf
}

# Sign the module as DKMS does, with a key that the firmware does not know.
sign_module() {
	mkdir -p /var/lib/dkms
	openssl req -new -x509 -newkey rsa:2048 -keyout /var/lib/dkms/mok.key \
		-outform DER -out /var/lib/dkms/mok.pub -nodes -days 9 \
		-subj "/CN=DKMS module signing key" &&
		"$home/build/scripts/sign-file" sha256 /var/lib/dkms/mok.key \
			/var/lib/dkms/mok.pub "$home/updates/dkms/pcibuf.ko"
}

# Lock the kernel down, as Secure Boot does. This cannot be undone, so the test runs last.
test_signatures() {
	check "a card has a buffer" put "1M rx" "$cards/$edu/alloc"
	put integrity /sys/kernel/security/lockdown
	check "the kernel is locked down: doctor finds it" finds lockdown \
		"pcibuf itself works"
	check "... registers are closed" refused "Operation not permitted" \
		/tmp/roundtrip "$node" "$(cat "$cards/$edu/buffers/rx/dma_addr")" \
		"$pci/devices/$edu/resource0"
	check "... and the configuration space" refused "Operation not permitted" \
		dd if=/dev/zero of="$pci/devices/$edu/config" bs=2 count=1 seek=2 conv=notrunc
	check "... but buffers are made" put "1M tx" "$cards/$edu/alloc"
	check "... and used" keep_works root
	check "... and freed" put rx "$cards/$edu/free"
	check "... all of them" put tx "$cards/$edu/free"
	check "the module is unloaded" unload
	check "... and not loaded again: bind says why" refused "is not signed" \
		pcibufctl bind "$edu"
	check "... and so does doctor" doctor_says not_signed
	check "it is signed with a key of DKMS" sign_module
	check "... which the kernel does not know: bind says so" refused \
		"boot without module.sig_enforce and lockdown" pcibufctl bind "$edu"
	check "... and so does doctor" doctor_says no_key
	check "... and the kernel, in its way" refused "could not insert" modprobe pcibuf
}

# doctor_says NAME: doctor finds NAME, and may find other faults.
doctor_says() {
	refused "\"name\":\"$1\"" pcibufctl doctor --json
}
