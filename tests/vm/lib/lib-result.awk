# SPDX-License-Identifier: GPL-2.0-only
#
# For awk programs that add a result to the TAP of a guest. This file is read after the
# rules of such a program. It passes on every line except the trace and the plan.

/^# trace: / { next }

/^1\.\./ {
	planned = substr($0, 4)
	next
}

{ print }

# Add one result to the planned ones, print the plan, and end the program.
function add_result(good, name, comment)
{
	print (good ? "ok " : "not ok ") planned + 1 " - " name
	print "# " comment
	print "1.." planned + 1
	exit !planned
}
