# SPDX-License-Identifier: GPL-2.0-only
#
# For what reads QEMU's trace of writes to configuration space.

# Of a value of the command register: does it have the bit of the bus master (4)?
function has_master(value)
{
	return index("4567cdef", substr(value, length(value))) > 0
}

# One result more than were planned, and the plan; ends the program.
function add_result(good, name, comment)
{
	print (good ? "ok " : "not ok ") planned + 1 " - " name
	print "# " comment
	print "1.." planned + 1
	exit !planned
}
