# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of scripts/vm/vm: the machine, and the run. QEMU's working directory is $run,
# so that no name in its options has a space or a comma.

# Set by scripts/vm/vm and scripts/vm/guests.sh.
reported='' stage=1
: "${run:=}" "${names:=}" "${stages:=}" "${guests:=1}" "${firmware:=}" "${slow:=}"
: "${password:=}" "${guest_append:=}" "${guest_drives:=}" "${judge:=}"

# The slot of the port that leads out of the machine, as its table names it.
external_slot=10

# external_port: an ACPI table's body that calls the port in slot 10 external, as
# the firmware of a machine with Thunderbolt does (`iasl -d` shows it as source):
#   Scope (\_SB.PCI0.S80) { Name (_DSD, Package () {
#       ToUUID ("efcc06cc-73ac-4bc3-bff0-76143807c389"),
#       Package () { Package () { "ExternalFacingPort", One } } }) }
external_port() {
	printf '\020\110\004\134\057\003_SB_PCI0S80_'
	printf '\010_DSD\022\061\002\021\023\012\020'
	printf '\314\006\314\357\254\163\303\113\277\360\166\024\070\007\303\211'
	printf '\022\032\001\022\027\002\015ExternalFacingPort\000\001'
}

# port_args PLACE: what there is besides a port, and where it is.
port_args() {
	case $1 in
	'') echo "bus=pcie.0" ;;
	node*) echo "bus=pxb${1#node}" ;;
	external) echo "bus=pcie.0,addr=0x$external_slot" ;;
	*) die "unknown place of a card $1" ;;
	esac
}

# edu_mask BITS: that many address bits. A shell's numbers end before 64.
edu_mask() {
	if [ "$1" = 64 ]; then
		echo 0xffffffffffffffff
	else
		printf '%#x\n' $(((1 << $1) - 1))
	fi
}

# card_args NUMBER CARD[@PLACE]: a card behind its own port, so that it can be
# unplugged; but not @root.
card_args() {
	place=
	case $2 in
	*@*) place=${2#*@} ;;
	esac
	bus=pcie.0
	if [ "$place" != root ]; then
		echo "-device pcie-root-port,id=rp$1,chassis=$1,slot=$1,$(port_args "$place")"
		bus=rp$1
	fi
	case ${2%@*} in
	none) return ;;
	edu) card=edu ;;
	edu:*)
		card=${2%@*}
		card=edu,dma_mask=$(edu_mask "${card#edu:}")
		;;
	e1000e) card=e1000e,romfile= ;;
	e1000e:*)
		card=${2%@*}
		card=e1000e,romfile=,mac=${card#e1000e:}
		;;
	nvme) card=nvme,serial=card$1 ;;
	*) die "unknown card $2" ;;
	esac
	echo "-device $card,id=card$1,bus=$bus"
}

# Never KVM: where it is there it may still be unusable. One thread for all
# processors: with a thread for each, QEMU 7.2 can miss that the kernel patched
# an instruction and spin on the old one for ever (one boot in twenty, stuck in
# alg_test), and on two busy processors it is no faster.
machine_args() {
	echo "-nodefaults -no-user-config -no-reboot -display none"
	echo "-accel tcg,thread=$threads -m $mem"
	# The processors of a socket are in one node.
	echo "-smp $smp$([ "$numa" = 1 ] || echo ",sockets=$smp")"
	[ -z "$icount" ] || echo "-icount $icount"
	[ -z "$trace" ] || echo "-trace $trace,file=trace.log"
	"${arch}_args"
	number=0
	for card in $cards; do
		card_args $number "$card"
		number=$((number + 1))
	done
}

# Without these features the guest's string functions and page clearing take ways
# that emulation does a third faster (a run of churn and zero: 19 s for 27 s).
amd64_args() {
	echo "-cpu max,-la57,-erms,-fsrm,-avx,-avx2"
	case $iommu in
	off) echo "-machine q35" ;;
	on | pt) echo "-machine q35,kernel-irqchip=split -device intel-iommu" ;;
	# The driver wants an AMD processor, which max is in emulation.
	amd) echo "-machine q35 -device amd-iommu" ;;
	*) die "unknown --iommu $iommu" ;;
	esac
	case $hotplug in
	acpi) ;;
	native) echo "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off" ;;
	*) die "unknown --hotplug $hotplug" ;;
	esac
	case $cards in
	*@external*)
		external_port >"$run/external.aml"
		echo "-acpitable sig=SSDT,rev=2,data=external.aml"
		;;
	esac
	echo "-serial chardev:console -serial chardev:results"
}

# incoherent_tree MACHINE: its device tree, as of a machine in which the devices do
# not see what is in the caches.
incoherent_tree() {
	(
		cd "$run"
		qemu-system-aarch64 -nodefaults -display none -smp "$smp" \
			-m "$mem" -cpu max -machine "$1,dumpdtb=machine.dtb"
		fdtput -d machine.dtb /pcie@10000000 dma-coherent
	) >&2
}

# The real algorithm of pointer authentication takes half of the time. This machine
# has one serial port, for the console; a card has ttyS0, unused, and ttyS1.
arm64_args() {
	machine=virt,gic-version=3
	case $iommu in
	off) ;;
	on | pt) machine=$machine,iommu=smmuv3 ;;
	*) die "no --iommu $iommu on arm64" ;;
	esac
	if [ -n "$incoherent" ]; then
		incoherent_tree "$machine"
		echo "-dtb machine.dtb"
	fi
	echo "-cpu max,pauth-impdef=on -machine $machine"
	echo "-serial chardev:console -chardev null,id=unused"
	echo "-device pci-serial-2x,chardev1=unused,chardev2=results"
}

# The memory in equal parts, and a processor for each node as far as they go.
numa_args() {
	[ "$numa" -gt 1 ] || return 0
	bytes=$(numfmt --from=iec "$mem")
	node=0
	while [ $node -lt "$numa" ]; do
		echo "-object memory-backend-ram,id=ram$node,size=$((bytes / numa))"
		cpu=
		[ $node -ge "$smp" ] || cpu=,cpus=$node
		echo "-numa node,nodeid=$node,memdev=ram$node$cpu"
		echo "-device pxb-pcie,id=pxb$node,bus=pcie.0,bus_nr=$((64 * (node + 1))),numa_node=$node"
		node=$((node + 1))
	done
}

disk_args() {
	[ -n "$guest_drives$disk" ] || return 0
	echo "$guest_drives"
	for one in $disk; do
		# shellcheck disable=SC2046 # fields, to be split
		disk_arg $(echo "$one" | tr : ' ')
	done
}

# disk_arg KIND SIZE: a controller that reaches memory by bus addresses,
# so by way of the IOMMU where there is one.
disk_arg() {
	case $1 in
	virtio | ext4) device=virtio-blk-pci,disable-legacy=on,iommu_platform=on ;;
	nvme) device=nvme ;;
	*) die "unknown disk $1" ;;
	esac
	truncate -s "$2" "$run/$1.img"
	[ "$1" != ext4 ] || mke2fs -q -t ext4 -O ^has_journal "$run/$1.img"
	echo "-drive file=$1.img,format=raw,if=none,id=$1"
	echo "-device $device,drive=$1,serial=$1"
}

# A crash must end the guest, and with -no-reboot QEMU. On a busy machine an
# emulated timer can be too late for the kernel's own check of it at boot.
kernel_args() {
	case $arch-$iommu in
	amd64-on) echo "intel_iommu=on" ;;
	amd64-pt) echo "intel_iommu=on iommu=pt" ;;
	arm64-pt) echo "iommu.passthrough=1" ;;
	esac
	case $arch in
	amd64) echo "no_timer_check console=ttyS0,115200" ;;
	arm64) echo "console=ttyAMA0" ;;
	esac
	# A page of a buffer is mapped for its card; to the checks of the DMA API it
	# is a mistake of the disk's driver, then, to do direct I/O to it.
	[ "$slow" = 1 ] || echo "dma_debug_driver=pcibuf"
	echo "ignore_loglevel panic=-1 oops=panic"
	echo "$guest_append $append"
}

open_pipes() {
	mkfifo "$run/monitor.in" "$run/monitor.out" "$run/ttyS1"
	exec 3<>"$run/monitor.in" 4<>"$run/monitor.out"
	cat <&4 >"$run/monitor.log" &
	monitor_pid=$!
}

start_qemu() {
	arguments="$(numa_args) $(machine_args) $(disk_args)"
	case $firmware in
	'') set -- -kernel kernel -initrd initrd -append "$(kernel_args | tr '\n' ' ')" ;;
	secure)
		loaders=$("$top/scripts/build/boot-loaders")
		# shellcheck disable=SC2046 # made to be split
		set -- $(secure_args)
		;;
	*) die "unknown --firmware $firmware" ;;
	esac
	(
		cd "$run"
		# shellcheck disable=SC2086 # made to be split
		TMPDIR=. exec timeout -k 10 "$timeout" "$qemu" $arguments "$@" \
			-chardev pipe,id=monitor,path=monitor -mon monitor \
			-chardev file,id=console,path=console.log,append=on \
			-chardev stdio,id=results,signal=off \
			</dev/null 2>qemu.log 3>&- 4>&-
	) >"$run/ttyS1" &
	qemu_pid=$!
}

# later "SECONDS COMMAND": for a guest that cannot say it then. Nobody waits for it who
# waits for our output to end.
later() {
	exec >/dev/null 2>&1 8>&-
	sleep "${1%% *}"
	echo "${1#* }" >&3
}

# What the guest says on ttyS1, until QEMU closes it.
follow_results() {
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		"@hmp "*) echo "${line#@hmp }" >&3 ;;
		"@later "*) later "${line#@later }" & ;;
		"@gcov "*) echo "${line#@gcov }" >>"$run/gcov" ;;
		*) printf '%s\n' "$line" >>"$run/results" ;;
		esac
		case $line in
		@*) ;;
		*) [ -z "$plain" ] || printf '%s\n' "$line" ;;
		esac
	done <"$run/ttyS1"
}

run_qemu() {
	# It comes to no kernel, and so to no results.
	if [ -n "$password" ]; then
		start_qemu
		confirm_key &
		follow_results
		wait "$qemu_pid" || :
	fi
	start_qemu
	follow_results
	qemu_status=0
	wait "$qemu_pid" || qemu_status=$?
	qemu_pid=
	subtest guest qemu_end >>"$run/results"
}

stage_done() {
	[ "$qemu_status" = 0 ] && [ "$(grep -c '^@done' "$run/results")" = $stage ]
}

# The guest, and again as often as that was asked for, as long as all goes well.
run_stages() {
	: >"$run/results"
	open_pipes
	run_qemu
	while [ $stage -lt $guests ] && stage_done && IFS= read -r options <&5; do
		stage=$((stage + 1))
		eval "take_options $options"
		prepare_stage
		run_qemu
	done 5<<-END
		${stages%?}
	END
}

# subtest NAME COMMAND...: as a program in the guest would report it.
subtest() {
	echo "@start $1"
	shift
	"$@"
	echo "1..1"
	echo "@end $1 0"
}

qemu_end() {
	case $qemu_status in
	0) echo "ok 1 ends by itself" ;;
	124 | 137) echo "not ok 1 ends within $timeout s" ;;
	*) echo "not ok 1 QEMU ends with status $qemu_status" ;;
	esac
	grep -ah '^Error' "$run/monitor.log" | sed 's/^/# monitor: /'
	sed 's/^/# qemu: /' "$run/qemu.log"
	[ -z "$trace" ] || sed 's/^/# trace: /' "$run/trace.log"
}

log_is_clean() {
	if [ -s "$run/console.log" ] && "$top/scripts/vm/log-check" \
		"$run/console.log" "$allow" >"$run/complaints"; then
		echo "ok 1 kernel log is clean"
	else
		echo "not ok 1 kernel log is clean"
		sed 's/^/# /' "$run/complaints"
	fi
}

# What was run of the module, beside what the compiler noted of it.
keep_coverage() {
	target=$(mktemp -d "$coverage/guest.XXXXXX")
	cp "$run/module/"*.gcno "$target/"
	base64 -d "$run/gcov" | tar -xz -C "$target"
}

# Adds to a TAP stream what the trace says, where somebody was asked to judge that.
judged() {
	if [ -z "$judge" ]; then
		cat
		return
	fi
	awk -f "$top/tests/vm/lib/lib-trace.awk" \
		-f "$(find "$top/tests/vm" -name "$judge.awk")" \
		-f "$top/tests/vm/lib/lib-result.awk"
}

# The tests' results, and ours about the guest, as one stream.
report() {
	reported=1
	[ ! -s "$run/gcov" ] || keep_coverage
	: >"$run/complaints"
	subtest guest log_is_clean >>"$run/results"
	status=0
	awk -v names="$names" -v plain="$plain" -v guests=$guests \
		-f "$top/scripts/vm/tap-merge.awk" "$run/results" >"$run/merged" || status=1
	judged <"$run/merged" >"$run/tap" || status=1
	[ -n "$plain" ] || cat "$run/tap"
	# prove shows numbers only.
	! grep '^not ok' "$run/tap" >&2 || status=1
	if [ -s "$run/complaints" ] || ! stage_done; then
		note "the guest's last words:"
		tail -n 60 "$run/console.log" >&2 || :
	fi
	[ $status = 0 ] || keep=1
	return $status
}

finish() {
	status=$?
	[ -z "${qemu_pid-}" ] || kill "$qemu_pid" 2>/dev/null || :
	[ -z "${monitor_pid-}" ] || kill "$monitor_pid" 2>/dev/null || :
	if [ -z "$reported$plain" ]; then
		printf '%s\n' "not ok 1 - guest: is built, and runs" 1..1
	fi
	if [ -n "$keep" ]; then
		note "logs are in ${run#"$top/"}"
	else
		rm -rf "$run"
	fi
	exit $status
}
