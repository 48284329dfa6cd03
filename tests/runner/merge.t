#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests, without a guest, how the runner evaluates the report of a guest and its kernel
# log.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# merged NAMES LINE...: print the merged TAP, and then the exit status.
merged() {
	names=$1
	shift
	printf '%s\n' "$@" |
		awk -v names="$names" -v guests="${guests-1}" -f "$top/scripts/vm/tap-merge.awk" &&
		status=0 || status=$?
	echo "status $status"
}

lines() {
	printf '%s\n' "$@"
}

complains() {
	echo "$1" >"$log"
	refused "$1" "$top/scripts/vm/log-check" "$log"
}

accepts() {
	echo "$1" >"$log"
	"$top/scripts/vm/log-check" "$log" "${2-}"
}

check "numbers go on from program to program" same \
	"$(lines "ok 1 - a: x" "ok 2 - b: y" "1..2" "status 0")" \
	"$(merged "a b" "@start a" 1..1 "ok 1 x" "@end a 0" \
		"@start b" "ok 1 - y" 1..1 "@end b 0" @done)"
check "diagnostics stay, other words become diagnostics" same \
	"$(lines "# one" "# two" "ok 1 - a: x" "1..1" "status 0")" \
	"$(merged a "@start a" 1..1 "# one" two "ok 1 x" "@end a 0" @done)"
check "a failure is a failure" same \
	"$(lines "not ok 1 - a: x" "1..1" "status 1")" \
	"$(merged a "@start a" 1..1 "not ok 1 x" "@end a 1" @done)"
check "a failure that is announced is a failure" same \
	"$(lines "not ok 1 - a: x # TODO" "1..1" "status 1")" \
	"$(merged a "@start a" 1..1 "not ok 1 x # TODO" "@end a 0" @done)"
check "an empty report is a failure" same \
	"$(lines "not ok 1 - a: ran" \
		"not ok 2 - the guest reached its end" "1..2" "status 1")" \
	"$(merged a "")"
check "too many tests are a failure" same \
	"$(lines "ok 1 - a: x" "ok 2 - a: y" \
		"not ok 3 - a: ran 2 of 1 tests" "1..3" "status 1")" \
	"$(merged a "@start a" 1..1 "ok 1 x" "ok 2 y" "@end a 0" @done)"
check "no test is a failure" same \
	"$(lines "not ok 1 - a: has a test" "1..1" "status 1")" \
	"$(merged a "@start a" 1..0 "@end a 0" @done)"
check "a program that is skipped says why" same \
	"$(lines "ok 1 - a: # SKIP no card" "1..1" "status 0")" \
	"$(merged a "@start a" "1..0 # SKIP no card" "@end a 0" @done)"
check "the harness' exit status for skipped tests is none" same \
	"$(lines "ok 1 - a: x # SKIP" "1..1" "status 0")" \
	"$(merged a "@start a" 1..1 "ok 1 x # SKIP" "@end a 4" @done)"
check "an exit status is a failure" same \
	"$(lines "ok 1 - a: x" "not ok 2 - a: exit status 3" "1..2" "status 1")" \
	"$(merged a "@start a" 1..1 "ok 1 x" "@end a 3" @done)"
check "giving up is a failure" same \
	"$(lines "not ok 1 - a: Bail out! no card" \
		"not ok 2 - a: says how many tests it has" "1..2" "status 1")" \
	"$(merged a "@start a" "Bail out! no card" "@end a 0" @done)"
guests=2
check "a second start that does not end is a failure" same \
	"$(lines "ok 1 - a: x" "not ok 2 - the guest reached its end" \
		"1..2" "status 1")" \
	"$(merged a "@start a" 1..1 "ok 1 x" "@end a 0" @done)"

check "complains of WARNING" complains "WARNING: CPU: 0 PID: 1 at mm/a.c:1"
check "complains of BUG" complains "kernel BUG at mm/slub.c:1!"
check "complains of a bad page" complains "BUG: Bad page state in process a"
check "complains of an oops" complains "Oops: 0002 [#1] PREEMPT SMP"
check "complains of a stall" complains "rcu: INFO: rcu_preempt self-detected stall on CPU"
check "complains of lockdep" complains "WARNING: possible circular locking dependency detected"
check "complains of DMA-API" complains "DMA-API: edu 0000:01:00.0: device driver frees DMA memory with different size"
check "complains of held pages" complains "pcibuf: TEST: 1 page is held"
check "complains of a stray access" complains "DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0x0"
check "complains of our race" complains "[    5.1] BUG: KCSAN: data-race in admit [pcibuf] / find [pcibuf]"
check "complains of our race with others" complains "[    5.1] BUG: KCSAN: data-race in fill+0x3a/0x80 [pcibuf]"
check "accepts the kernel's race with itself" accepts "[    5.1] BUG: KCSAN: data-race in page_remove_rmap / validate_page_before_insert"
check "complains of a hung task" complains "INFO: task a:1 blocked for more than 120 seconds."
check "complains of an address" complains "[    5.123456] pcibuf_card 0000:03:00.0: buffer at 0x12345000"
check "complains of an address without 0x" complains "[    5.123456] pcibuf: DMA to 00ffe000 failed"
check "accepts what a user wrote, and bytes" accepts '[    5.123456] pcibuf_card 0000:03:00.0: alloc "0x10000000": ENOMEM: no (268435456 bytes, mask 64 bits)'
check "accepts the addresses of others" accepts "[    5.123456] pci 0000:03:00.0: BAR 0: assigned [mem 0xfe800000-0xfe8fffff]"
check "accepts a boot message" accepts "rcu: Hierarchical RCU implementation."
check "accepts what is announced" accepts "WARNING: this" "WARNING: this"
finish
