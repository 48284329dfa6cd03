# SPDX-License-Identifier: GPL-2.0-only
#
# From the TAP of a guest with the program shutdown and QEMU's trace of writes to
# configuration space: is what was last written to each card's command register
# without the bit of the bus master (4)? One result for each card.

/^# state / { card[++cards] = $3; state[cards] = $4 }

/^# trace: pci_cfg_write edu / && $6 == "@0x4" {
	if ($5 in last && has_master(last[$5]))
		was[$5] = 1
	last[$5] = $8
}

/^not ok / { failed[++failures] = $0 }

# Nothing of it goes on from here.
{ next }

END {
	for (i = 1; i <= failures; i++) {
		sub(/^not ok [0-9]*/, "not ok " i, failed[i])
		print failed[i]
	}
	for (i = 1; i <= cards; i++) {
		at = card[i]
		good = last[at] != "" && !has_master(last[at])
		good = good && (was[at] || state[i] == "empty")
		print (good ? "ok " : "not ok ") failures + i " - shutdown." state[i]
		if (!good)
			print "# the last value was " last[at]
	}
	print "1.." failures + cards
	exit !cards
}
