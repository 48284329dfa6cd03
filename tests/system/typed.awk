# SPDX-License-Identifier: GPL-2.0-only
#
# Print the commands that README.md tells a reader to type: the block of code, indented or
# fenced, after each line `<!-- typed -->`. A command of several lines is printed as one
# line.

/^<!-- typed -->$/ {
	wanted = 1
	begun = 0
	next
}

!wanted || (!begun && /^[ \t]*$/) { next }

!begun {
	begun = 1
	fenced = /^```/
	if (fenced)
		next
}

fenced ? /^```/ : !/^(    |[ \t]*$)/ { wanted = 0; next }

{
	if (!fenced)
		sub(/^    /, "")
	if (/\\$/) {
		printf "%s", substr($0, 1, length($0) - 1)
		next
	}
	if ($0 != "")
		print
}
