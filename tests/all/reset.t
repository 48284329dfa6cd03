#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A buffer that goes while its card is being reset.
top=$(dirname "$0")/../..
"$top/scripts/vm/vm" fast --release --mem 256M --cards "nvme edu" \
	--trace pci_cfg_write -- reset |
	awk -f "$top/tests/vm/lib-trace.awk" -f "$top/tests/vm/reset.awk" \
		-f "$top/tests/vm/lib-result.awk"
