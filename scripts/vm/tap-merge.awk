# SPDX-License-Identifier: GPL-2.0-only
#
# Make one TAP stream of the report of a guest. Input: `@start NAME`, the TAP lines of the
# program NAME, `@end NAME STATUS`; and `@done` when the guest has run all programs.
# Variables:
# guests: the number of starts of the guest.
# names: the programs that must run. A program without a report has failed.
# plain: the programs print no TAP; the exit status is the result.

function point(good, text)
{
	total++
	if (!good)
		failures++
	print (good ? "ok " : "not ok ") total " - " text
}

# Check a program's plan and exit status.
function judge(name, status)
{
	if (plain) {
		point(status == 0, name ": exit status " status)
		return
	}
	if (plan < 0)
		point(0, name ": says how many tests it has")
	else if (plan != count)
		point(0, name ": ran " count " of " plan " tests")
	else if (plan == 0 && !skipped_all)
		point(0, name ": has a test")
	if (status != 0 && !bad && !(status == 4 && skips == count))
		point(0, name ": exit status " status)
}

function test_line(line,    good, text)
{
	good = line ~ /^ok/
	text = line
	sub(/^(not )?ok *[0-9]* *(- *)?/, "", text)
	count++
	if (text ~ /# *[Ss][Kk][Ii][Pp]/)
		skips++
	if (!good)
		bad++
	point(good, current ": " text)
}

# A program that started and did not end has died, or its guest has died.
function unfinished()
{
	if (current != "") {
		point(0, current ": ended without a result")
		seen[current] = 1
	}
}

{ sub(/\r$/, "") }

/^@start / {
	unfinished()
	current = substr($0, 8)
	plan = -1
	count = bad = skips = skipped_all = 0
	next
}

/^@end / {
	judge(current, $NF)
	seen[current] = 1
	current = ""
	next
}

/^@done$/ { done++; next }

/^TAP version/ { next }
current == "" || /^[ \t]*$/ { if ($0 != "") print "# " $0; next }

/^1\.\.[0-9]+/ {
	plan = substr($1, 4) + 0
	if (plan == 0 && /# *[Ss][Kk][Ii][Pp]/) {
		skipped_all = 1
		text = $0
		sub(/^[^#]*/, "", text)
		point(1, current ": " text)
	}
	next
}

/^(not )?ok( |$)/ { test_line($0); next }

/^Bail out!/ { bad++; point(0, current ": " $0); next }

/^#/ { print; next }

{ print "# " $0 }

END {
	unfinished()
	n = split(names, name, " ")
	for (i = 1; i <= n; i++)
		if (!(name[i] in seen))
			point(0, name[i] ": ran")
	if (done < (guests ? guests : 1))
		point(0, "the guest reached its end")
	print "1.." total
	exit failures > 0
}
