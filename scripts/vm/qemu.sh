# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of scripts/vm/vm: the options of QEMU, and the run. QEMU's working directory is
# $run, so that no file name in its options has a space or a comma.

# Set by scripts/vm/vm and scripts/vm/guests.sh.
reported='' stage=1
: "${run:=}" "${names:=}" "${stages:=}" "${guests:=1}" "${firmware:=}" "${slow:=}"
: "${password:=}" "${guest_append:=}" "${guest_drives:=}" "${judge:=}"

# The slot of the port that leads out of the machine. The ACPI table names this slot.
external_slot=10

# external_port: print the body of an ACPI table that marks the port in slot 10 as
# external, as the firmware of a machine with Thunderbolt does. `iasl -d` shows the
# source:
#   Scope (\_SB.PCI0.S80) { Name (_DSD, Package () {
#       ToUUID ("efcc06cc-73ac-4bc3-bff0-76143807c389"),
#       Package () { Package () { "ExternalFacingPort", One } } }) }
external_port() {
	printf '\020\110\004\134\057\003_SB_PCI0S80_'
	printf '\010_DSD\022\061\002\021\023\012\020'
	printf '\314\006\314\357\254\163\303\113\277\360\166\024\070\007\303\211'
	printf '\022\032\001\022\027\002\015ExternalFacingPort\000\001'
}

# port_args PLACE: print the properties of a port that say where the port is.
port_args() {
	case $1 in
	'') echo "bus=pcie.0" ;;
	node*) echo "bus=pxb${1#node}" ;;
	external) echo "bus=pcie.0,addr=0x$external_slot" ;;
	*) die "unknown place of a card $1" ;;
	esac
}

# edu_mask BITS: print a mask of so many address bits. A shell cannot compute 1 << 64.
edu_mask() {
	if [ "$1" = 64 ]; then
		echo 0xffffffffffffffff
	else
		printf '%#x\n' $(((1 << $1) - 1))
	fi
}

# card_args NUMBER CARD[@PLACE]: print the options of a card. The card is behind a port of
# its own, so that it can be unplugged; a card @root has no port.
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
	rocker) card=rocker,name=card$1 ;;
	testdev) card=pci-testdev ;;
	*) die "unknown card $2" ;;
	esac
	echo "-device $card,id=card$1,bus=$bus"
}

# Never use KVM: a machine that has KVM may still be unable to use it. Use one thread for
# all processors: with one thread for each processor, QEMU 7.2 can miss that the kernel
# patched an instruction, and then executes the old instruction in a loop for ever. This
# happens in one boot of twenty, in alg_test. On two busy processors several threads are
# not faster.
machine_args() {
	echo "-nodefaults -no-user-config -no-reboot -display none"
	echo "-accel tcg,thread=$threads -m $mem"
	# The processors of a socket are in one node: give each processor a socket.
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

# The features la57, erms, fsrm, avx and avx2 are off. Without them the guest's string
# functions and page clearing use instructions that emulation executes faster: a run of
# churn and zero takes 19 s instead of 27 s.
amd64_args() {
	echo "-cpu max,-la57,-erms,-fsrm,-avx,-avx2"
	case $iommu in
	off) echo "-machine q35" ;;
	on | pt) echo "-machine q35,kernel-irqchip=split -device intel-iommu" ;;
	# The kernel's driver requires an AMD processor. In emulation the processor
	# "max" is one.
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

# incoherent_tree MACHINE: write the device tree of the machine, changed to that of a
# machine whose devices do not see the contents of the processor's caches.
incoherent_tree() {
	(
		cd "$run"
		qemu-system-aarch64 -nodefaults -display none -smp "$smp" \
			-m "$mem" -cpu max -machine "$1,dumpdtb=machine.dtb"
		fdtput -d machine.dtb /pcie@10000000 dma-coherent
	) >&2
}

# Use a simple algorithm for pointer authentication: emulation of the architected
# algorithm takes half of the run time. The machine has one serial port, which is the
# console; a PCI card provides ttyS0, which is unused, and ttyS1.
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

# Divide the memory equally among the nodes, and give each node a processor, as far as
# there are processors.
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

# disk_arg KIND SIZE: print the options of a disk. Its controller uses bus addresses, so
# its DMA goes through the IOMMU if there is one.
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

# Print the kernel's command line. A crash must reboot the guest, which ends QEMU because
# of -no-reboot. no_timer_check: on a busy machine an emulated timer can be too late for
# the check of the timer at boot.
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
	# Check only pcibuf's use of the DMA API: a page of a buffer is mapped for its
	# card, and the checks would report direct I/O to the page as an error of the
	# disk's driver.
	[ "$slow" = 1 ] || echo "dma_debug_driver=pcibuf"
	# With a thread for each processor, a guest under stress can lose the one-shot timer
	# of a processor. A periodic tick recovers.
	[ "$threads" = single ] || echo "nohz=off highres=off"
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

# later "SECONDS COMMAND": send COMMAND to the monitor after SECONDS, for a guest that
# cannot send COMMAND at that time. The output is closed, so that no reader of our output
# waits for this process.
later() {
	exec >/dev/null 2>&1 8>&-
	sleep "${1%% *}"
	echo "${1#* }" >&3
}

# Read the lines of the guest on ttyS1 until QEMU closes the pipe.
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
	# The start that confirms the key starts no kernel, and gives no results.
	if [ -n "$password" ]; then
		start_qemu
		confirm_key &
		follow_results
		wait "$qemu_pid" || :
	fi
	start_qemu
	start_watch "$qemu_pid"
	follow_results
	qemu_status=0
	wait "$qemu_pid" || qemu_status=$?
	qemu_pid=
	stop_watch
	subtest guest qemu_end >>"$run/results"
}

stage_done() {
	[ "$qemu_status" = 0 ] && [ "$(grep -c '^@done' "$run/results")" = $stage ]
}

# Run the guest, and run it again for each --then while there is no failure.
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

# subtest NAME COMMAND...: print the output of COMMAND as the report of a program in the
# guest.
subtest() {
	echo "@start $1"
	shift
	"$@"
	echo "1..1"
	echo "@end $1 0"
}

qemu_end() {
	[ ! -e "$run/silent" ] || qemu_status=silent
	case $qemu_status in
	0) echo "ok 1 ends by itself" ;;
	silent) echo "not ok 1 is never silent for $patience s" ;;
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

# Keep the counts of the module's lines (*.gcda) together with the notes of the compiler
# (*.gcno).
keep_coverage() {
	target=$(mktemp -d "$coverage/guest.XXXXXX")
	cp "$run/module/"*.gcno "$target/"
	base64 -d "$run/gcov" | tar -xz -C "$target"
}

# Copy a TAP stream, and with --judge add results about the trace.
judged() {
	if [ -z "$judge" ]; then
		cat
		return
	fi
	awk -f "$top/tests/vm/lib/lib-trace.awk" \
		-f "$(find "$top/tests/vm" -name "$judge.awk")" \
		-f "$top/tests/vm/lib/lib-result.awk"
}

# Print the results of the tests and of the guest itself as one stream.
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
	# prove shows only the numbers of failed tests.
	! grep '^not ok' "$run/tap" >&2 || status=1
	if [ -s "$run/complaints" ] || ! stage_done; then
		show_logs
	fi
	[ $status = 0 ] || keep=1
	return $status
}

finish() {
	status=$?
	[ -z "${qemu_pid-}" ] || kill "$qemu_pid" 2>/dev/null || :
	[ -z "${monitor_pid-}" ] || kill "$monitor_pid" 2>/dev/null || :
	stop_watch
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
