# SPDX-License-Identifier: GPL-2.0-only
#
# Add a result to the TAP of a guest with the program reset, from QEMU's trace of writes
# to configuration space. The program notes when it has freed the buffer and when it
# will allocate one. Between these two notes, no write makes the card a bus master (4 in
# the command register).

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
