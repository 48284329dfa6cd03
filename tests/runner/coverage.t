#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests, without a guest, that nothing of scripts/run/coverage runs on when it is ended.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A tree whose kernel is there, and a prove that runs a test for ever.
mkdir "$work/tests" "$work/bin"
cp -R "$top/scripts" "$work/"
cp "$top/tests/guests" "$work/tests/"
printf '%s\n' '#!/bin/sh' >"$work/scripts/build/rootfs"
cat >"$work/bin/prove" <<END
#!/bin/sh
sleep 1000 &
echo \$\$ \$! >"$work/pids.new"
mv "$work/pids.new" "$work/pids"
wait
END
chmod 755 "$work/bin/prove"
PATH=$work/bin:$PATH

# Print those of the processes of $work/pids that run.
running() {
	tr ' ' '\n' <"$work/pids" | while read -r pid; do
		! kill -0 "$pid" 2>/dev/null || echo "$pid"
	done
}

none_runs() {
	same "" "$(running)"
}

"$work/scripts/run/coverage" off-64 >"$work/said" 2>&1 &
coverage=$!
check "the tests run" eventually test -s "$work/pids"
check "... and a test in them" same 2 "$(running | wc -l)"
kill "$coverage"
wait "$coverage" || status=$?
check "coverage is ended" same 143 "$status"
check "... and so are the tests" eventually none_runs
running | xargs -r kill
finish
