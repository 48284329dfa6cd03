# SPDX-License-Identifier: GPL-2.0-only
#
# Add a result to the TAP of a guest with the program suspend, from QEMU's trace of
# writes to configuration space. A card may be a bus master (4 in the command register)
# when the machine falls asleep. The first write to its command register then clears the
# bit.

/^# trace: pci_cfg_write edu / && $6 == "@0x3c" {
	asleep = $8 == "0xa0"
	awake = $8 == "0xa1"
}

/^# trace: pci_cfg_write edu / && $6 == "@0x4" && !awake {
	if (!asleep)
		master[$5] = has_master($8)
	else if (!($5 in first))
		first[$5] = $8
}

END {
	for (card in master) {
		if (!master[card])
			continue
		masters++
		if (first[card] == "" || has_master(first[card]))
			wrong = wrong " " card
	}
	add_result(masters && !wrong, "suspend: no master asleep",
		masters + 0 " bus masters; not stopped first:" wrong)
}
