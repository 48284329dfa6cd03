# SPDX-License-Identifier: GPL-2.0-only
#
# For awk programs that read QEMU's trace of writes to configuration space.

# Has this value of the command register the bus master bit (4)?
function has_master(value)
{
	return index("4567cdef", substr(value, length(value))) > 0
}
