# SPDX-License-Identifier: GPL-2.0-only
#
# Make one TAP stream of what a guest reported. Input: `@start NAME`, lines of that
# program's own TAP, `@end NAME STATUS`; `@done` when the guest has run everything.
# guests: how often it was started.
# names: the programs that were asked for. What was not reported has failed.
# plain: they do not speak TAP; their exit status is their result.

function point(good, text)
{
	total++
	if (!good)
		failures++
	print (good ? "ok " : "not ok ") total " - " text
}

# A program's plan, as far as it may be judged.
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

# A program that was started and said nothing more has died, or its guest has.
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
