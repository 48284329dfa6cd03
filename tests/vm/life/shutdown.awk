# SPDX-License-Identifier: GPL-2.0-only
#
# Make the results of a guest with the program shutdown, from its TAP and QEMU's trace
# of writes to configuration space. A card passes if it was a bus master and the last
# write to its command register clears the bit (4). The card without a buffer need not
# have been a bus master. There is one result for each card.

/^# state / { card[++cards] = $3; state[cards] = $4 }

/^# trace: pci_cfg_write edu / && $6 == "@0x4" {
	if ($5 in last && has_master(last[$5]))
		was[$5] = 1
	last[$5] = $8
}

/^not ok / { failed[++failures] = $0 }

# No line of the input is passed on.
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
