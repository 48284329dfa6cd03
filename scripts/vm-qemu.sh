# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of scripts/vm: the machine, and the run. QEMU's working directory is $run,
# so that no name in its options has a space or a comma.

# Set by scripts/vm and scripts/vm-guests.sh.
reported=
: "${run:=}" "${names:=}" "${guest_append:=}" "${guest_drives:=}"

# card_args NUMBER CARD: a card behind its own port, so that it can be unplugged.
card_args() {
	port="pcie-root-port,id=rp$1,chassis=$1,slot=$1"
	case $2 in
	edu) card=edu ;;
	edu:64) card=edu,dma_mask=0xffffffffffffffff ;;
	e1000e) card=e1000e,romfile= ;;
	nvme) card=nvme,serial=card$1 ;;
	*) die "unknown card $2" ;;
	esac
	echo "-device $port -device $card,id=card$1,bus=rp$1"
}

# Never KVM: where it is there it may still be unusable. One thread for all
# processors: with a thread for each, QEMU 7.2 can miss that the kernel patched
# an instruction and spin on the old one for ever (one boot in twenty, stuck in
# alg_test), and on two busy processors it is no faster.
#
# Without these features the guest's string functions and page clearing take ways
# that emulation does a third faster (a run of churn and zero: 19 s for 27 s).
machine_args() {
	echo "-nodefaults -no-user-config -no-reboot -display none"
	echo "-accel tcg,thread=$threads -cpu max,-la57,-erms,-fsrm,-avx,-avx2 -smp $smp -m $mem"
	case $iommu in
	off) echo "-machine q35" ;;
	on | pt) echo "-machine q35,kernel-irqchip=split -device intel-iommu" ;;
	*) die "unknown --iommu $iommu" ;;
	esac
	number=0
	for card in $cards; do
		card_args $number "$card"
		number=$((number + 1))
	done
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
		node=$((node + 1))
	done
}

disk_args() {
	[ -n "$guest_drives$disk" ] || return 0
	echo "$guest_drives"
	[ -n "$disk" ] || return 0
	truncate -s "$disk" "$run/extra.img"
	echo "-drive file=extra.img,format=raw,if=virtio"
}

# A crash must end the guest, and with -no-reboot QEMU. On a busy machine an
# emulated timer can be too late for the kernel's own check of it at boot.
kernel_args() {
	case $iommu in
	on) echo "intel_iommu=on" ;;
	pt) echo "intel_iommu=on iommu=pt" ;;
	esac
	echo "no_timer_check"
	echo "console=ttyS0,115200 ignore_loglevel panic=-1 oops=panic"
	echo "$guest_append $append"
}

start_qemu() {
	mkfifo "$run/monitor.in" "$run/monitor.out" "$run/ttyS1"
	exec 3<>"$run/monitor.in" 4<>"$run/monitor.out"
	cat <&4 >"$run/monitor.log" &
	monitor_pid=$!
	arguments="$(machine_args) $(numa_args) $(disk_args)"
	(
		cd "$run"
		# shellcheck disable=SC2086 # made to be split
		TMPDIR=. exec timeout -k 10 "$timeout" qemu-system-x86_64 $arguments \
			-kernel kernel -initrd initrd \
			-append "$(kernel_args | tr '\n' ' ')" \
			-chardev pipe,id=monitor,path=monitor -mon monitor \
			-serial file:console.log \
			-chardev stdio,id=results,signal=off \
			-serial chardev:results </dev/null 2>qemu.log 3>&- 4>&-
	) >"$run/ttyS1" &
	qemu_pid=$!
}

# What the guest says on ttyS1, until QEMU closes it.
follow_results() {
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		"@hmp "*) echo "${line#@hmp }" >&3 ;;
		*) printf '%s\n' "$line" >>"$run/results" ;;
		esac
		case $line in
		@*) ;;
		*) [ -z "$plain" ] || printf '%s\n' "$line" ;;
		esac
	done <"$run/ttyS1"
}

run_qemu() {
	: >"$run/results"
	start_qemu
	follow_results
	qemu_status=0
	wait "$qemu_pid" || qemu_status=$?
	qemu_pid=
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
}

log_is_clean() {
	if [ -s "$run/console.log" ] && "$top/scripts/log-check" \
		"$run/console.log" "$allow" >"$run/complaints"; then
		echo "ok 1 kernel log is clean"
	else
		echo "not ok 1 kernel log is clean"
		sed 's/^/# /' "$run/complaints"
	fi
}

# The tests' results, and ours about the guest, as one stream.
report() {
	reported=1
	: >"$run/complaints"
	{
		subtest guest qemu_end
		subtest guest log_is_clean
	} >>"$run/results"
	status=0
	awk -v names="$names" -v plain="$plain" -f "$top/scripts/tap-merge.awk" \
		"$run/results" >"$run/tap" || status=1
	[ -n "$plain" ] || cat "$run/tap"
	# prove shows numbers only.
	grep '^not ok' "$run/tap" >&2 || :
	if [ -s "$run/complaints" ] || [ "$qemu_status" != 0 ] ||
		! grep -q '^@done' "$run/results"; then
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
