# SPDX-License-Identifier: GPL-2.0-only
#
# Make a Markdown table of the events of a card and the states of its buffers, from the
# TAP of the guests events, suspend, kexec and shutdown.

function cell(event, state, text)
{
	if (!(event in rows))
		row[rows[event] = ++nr_rows] = event
	if (!(state in columns))
		column[columns[state] = ++nr_columns] = state
	# A cell that failed once stays failed.
	if (table[event, state] !~ /fails/)
		table[event, state] = text
}

function footnote(reason)
{
	if (!(reason in numbers))
		reasons[numbers[reason] = ++nr_reasons] = reason
	return "(" numbers[reason] ")"
}

/^(not )?ok [0-9]+ - / {
	good = !/^not/
	sub(/^(not )?ok [0-9]+ - (events: |suspend: |kexec: )?/, "")
	sub(/^events\./, "")
	if (sub(/^# SKIP /, "")) {
		split($1, part, /[.:]/)
		sub(/^[^ ]* /, "")
		if (part[2] != "")
			cell(part[1], part[2], footnote($0))
	} else if (split($0, part, ".") == 2 && $0 ~ /^[a-z]+\.[a-z]+$/) {
		cell(part[1], part[2], good ? "ok" : "**fails**")
	} else if (!good) {
		others[++nr_others] = $0
	}
}

END {
	line = "| |"
	rule = "|---|"
	for (j = 1; j <= nr_columns; j++) {
		line = line " " column[j] " |"
		rule = rule "---|"
	}
	print line "\n" rule
	for (i = 1; i <= nr_rows; i++) {
		line = "| " row[i] " |"
		for (j = 1; j <= nr_columns; j++)
			line = line " " table[row[i], column[j]] " |"
		print line
	}
	for (i = 1; i <= nr_reasons; i++)
		print "\n(" i ") " reasons[i]
	for (i = 1; i <= nr_others; i++)
		print "\n**fails**: " others[i]
}
