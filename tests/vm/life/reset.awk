# SPDX-License-Identifier: GPL-2.0-only
#
# Adds to the TAP of a guest with the program reset what QEMU's trace of writes to
# configuration space says: between its notes that the buffer is gone and that there
# will be one, nothing makes the card a bus master (4 in the command register).

/^# trace: pci_cfg_write edu / && $6 == "@0x3c" {
	times += $8 == "0xa0"
	gone = $8 == "0xa0"
}

/^# trace: pci_cfg_write nvme / && $6 == "@0x4" && gone && has_master($8) {
	wrong = wrong " " $8
}

END {
	add_result(times && !wrong, "reset: no master without a buffer",
		times + 0 " times without one; written then:" wrong)
}
