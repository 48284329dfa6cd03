#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests that need a system guest but no DKMS: doctor with real faults, the examples,
# registers for the group, JSON, lockdown. The module is compiled on this machine.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
suite=${SUITE-bookworm}
payload=$(mktemp -d)
trap 'rm -rf "$payload"' EXIT
"$top/scripts/build/payload" "$payload"
"$top/scripts/build/module" "$suite" "$payload/module"
cp "$top/tests/unit/fake/strict.py" "$payload/"
"$top/scripts/vm/vm" system --suite "$suite" --iommu on --cards "edu:64 e1000e" \
	--payload "$payload" -- "$top/tests/system/tools.sh"
