#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A buffer that goes while its card is being reset.
here=$(dirname "$0")
"$here/../../scripts/vm" fast --release --mem 256M --cards "nvme edu" \
	--trace pci_cfg_write -- reset | awk -f "$here/reset.awk"
