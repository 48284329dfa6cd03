# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Part of scripts/vm/vm: the end of a guest that stands still, and what was said before.

# Set by scripts/vm/vm and its other parts.
: "${run:=}" "${beat:=}"
watch_pid=''

# The fast guest writes to its kernel log every 10 s. A busy machine alone does not make it
# silent for so many seconds. tests/runner has less time.
patience=${PCIBUF_PATIENCE:-180}

# end_silent PID: end QEMU's process PID when the guest has been silent for too long.
end_silent() {
	exec >/dev/null 2>&1 8>&-
	silent=0 size=
	while [ $silent -lt "$patience" ]; do
		sleep 5
		silent=$((silent + 5))
		now=$(stat -c %s "$run/console.log") || now=
		[ "$now" = "$size" ] || silent=0
		size=$now
	done
	: >"$run/silent"
	kill "$1"
}

# start_watch PID
start_watch() {
	[ -n "$beat" ] || return 0
	end_silent "$1" &
	watch_pid=$!
}

stop_watch() {
	[ -z "$watch_pid" ] || kill "$watch_pid" 2>/dev/null || :
	watch_pid=
}

# Show the end of the kernel log, and the beginning of QEMU's: a dump of registers follows
# the reason why QEMU aborts.
show_logs() {
	note "the guest's last words:"
	grep -av 'guest: alive$' "$run/console.log" | tail -n 60 >&2 || :
	[ -s "$run/qemu.log" ] || return 0
	note "QEMU's words:"
	head -n 20 "$run/qemu.log" >&2
}
