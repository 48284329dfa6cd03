# SPDX-License-Identifier: GPL-2.0-only
#
# For what reads QEMU's trace of writes to configuration space.

# Of a value of the command register: does it have the bit of the bus master (4)?
function has_master(value)
{
	return index("4567cdef", substr(value, length(value))) > 0
}
