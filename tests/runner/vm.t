#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests the runner: any error in a guest is a failure, even if the programs in the guest
# reported success.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/system/lib.sh
. "$here/../system/lib.sh"
work=$(mktemp -d)
fake=$(mktemp -d)
trap 'rm -rf "$work" "$fake"' EXIT
for program in "$here"/guest/*.sh; do
	cp "$program" "$work/$(basename "$program" .sh)"
done
chmod 755 "$work"/*

# A QEMU that aborts if there are $fake/last-words, and stands still if there is
# $fake/still.
real=$(command -v qemu-system-x86_64)
cat >"$fake/qemu-system-x86_64" <<END
#!/bin/sh
if [ -s "$fake/last-words" ]; then
	cat "$fake/last-words" >&2
	kill -ABRT \$\$
fi
[ ! -e "$fake/still" ] || exec sleep 1000
exec "$real" "\$@"
END
chmod 755 "$fake/qemu-system-x86_64"
PATH=$fake:$PATH
assertion="qemu-system-x86_64: ../some.c:1: some: Assertion \`some' failed."

# guest PROG[,PROG...] OPTION...: run a guest. Its TAP is then in $work/tap, its exit
# status in $status, and its stderr in $work/said.
guest() {
	programs=$1
	shift
	status=0
	"$here/../../scripts/vm/vm" fast --module none --tests "$work" "$@" \
		-- "$programs" >"$work/tap" 2>"$work/said" || status=$?
}

has() {
	grep -xF -- "$1" "$work/tap" || {
		cat "$work/tap"
		return 1
	}
}

said() {
	grep -F "$1" "$work/said"
}

# Remove the logs of a guest that was meant to fail: nobody needs them.
forget_logs() {
	logs=$(sed -n 's/^vm: logs are in //p' "$work/said")
	case $logs in
	build/vm/run.*) rm -rf "${here:?}/../../$logs" ;;
	esac
}

guest passes,unplug --allow 'WARNING: announced'
check "a good guest passes" same 0 "$status"
check "a good guest has no failure" not grep '^not ok' "$work/tap"
check "tests are named by their program" has \
	"ok 2 - passes: a test that passes"
check "the monitor unplugs a card" has "ok 4 - unplug: unplugged"
check "the monitor plugs a card" has "ok 5 - unplug: plugged"
check "the plan counts all" has "1..7"

guest short,silent,status,warns,absent
check "a bad guest fails" same 1 "$status"
check "a test that did not run is a failure" has \
	"not ok 3 - short: ran 1 of 2 tests"
check "a program without a plan is a failure" has \
	"not ok 4 - silent: says how many tests it has"
check "an exit status is a failure" has "not ok 6 - status: exit status 3"
check "a program that is not there is a failure" has \
	"not ok 9 - absent: exit status 127"
check "a complaint in the log is a failure" has \
	"not ok 11 - guest: kernel log is clean"
check "the complaint is shown" grep '^# .*Bad rss-counter' "$work/tap"
forget_logs

guest passes --module /nonexistent
check "a guest that cannot be made fails" same 1 "$status"
check "a guest that cannot be made is named" has \
	"not ok 1 - guest: is built, and runs"
forget_logs

guest crash
check "a crash fails" same 1 "$status"
check "the program has not ended" has \
	"not ok 3 - crash: ended without a result"
check "the guest has not reached its end" has \
	"not ok 6 - the guest reached its end"
check "the log is shown" said "Kernel panic"
forget_logs

guest poweroff
check "an early end fails" same 1 "$status"
check "an early end is named" has \
	"not ok 6 - the guest reached its end"
forget_logs

echo "$assertion" >"$fake/last-words"
guest passes
check "a QEMU that aborts fails" same 1 "$status"
check "... which is named" has "not ok 1 - guest: QEMU ends with status 134"
check "... with its reason" said "$assertion"
rm "$fake/last-words"
forget_logs

touch "$fake/still"
export PCIBUF_PATIENCE=10
guest passes
check "a QEMU that stands still fails" same 1 "$status"
check "... soon" has "not ok 1 - guest: is never silent for 10 s"
rm "$fake/still"
unset PCIBUF_PATIENCE
forget_logs

guest hang --timeout 30
check "a hang fails" same 1 "$status"
check "a hang is ended and named" has "not ok 4 - guest: ends within 30 s"
check "the hanging guest's log is shown" said "/init as init process"
forget_logs
finish
