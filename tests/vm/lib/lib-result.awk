# SPDX-License-Identifier: GPL-2.0-only
#
# For what adds a result to the TAP of a guest: read after its own rules, since all
# but the trace and the plan goes on from here.

/^# trace: / { next }

/^1\.\./ {
	planned = substr($0, 4)
	next
}

{ print }

# One result more than were planned, and the plan; ends the program.
function add_result(good, name, comment)
{
	print (good ? "ok " : "not ok ") planned + 1 " - " name
	print "# " comment
	print "1.." planned + 1
	exit !planned
}
