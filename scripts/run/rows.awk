# SPDX-License-Identifier: GPL-2.0-only
#
# Expand the rows of tests/guests. For each row, print the name, when, the programs and
# the options, separated by tabs. A set is replaced by its programs. A row "= NAME" gets
# the programs of the row NAME, and the options of NAME before its own. Fails if the table
# has a mistake.

function complain(text)
{
	print "tests/guests: " text >"/dev/stderr"
	failed = 1
}

# Return the words of a row from word number @first on.
function rest(first,    i, text)
{
	for (i = first; i <= n; i++)
		text = text (i > first ? " " : "") word[i]
	return text
}

function row_ends()
{
	if (row == "")
		return
	n = split(row, word, /[ \t]+/)
	if (word[1] ~ /^@/) {
		set[word[1]] = word[2]
	} else if (word[1] in when) {
		complain("two rows are called " word[1])
	} else {
		name[++rows] = word[1]
		when[word[1]] = word[2]
		if (word[2] !~ /^(test|all|try)$/)
			complain(word[1] " runs \"" word[2] "\": test, all or try")
		if (word[3] == "=")
			parent[word[1]] = word[4]
		else
			programs[word[1]] = word[3]
		options[word[1]] = rest(word[3] == "=" ? 5 : 4)
	}
	row = ""
}

# Return the list of programs with each set replaced by its programs.
function expanded(list,    i, n, part, text)
{
	n = split(list, part, ",")
	for (i = 1; i <= n; i++) {
		if (part[i] ~ /^@/ && !(part[i] in set))
			complain("there is no set " part[i])
		text = text (i > 1 ? "," : "") \
			(part[i] ~ /^@/ ? set[part[i]] : part[i])
	}
	return text
}

function show(one,    from, text)
{
	text = options[one]
	for (from = one; from in parent; from = parent[from]) {
		if (!(parent[from] in when) || ++depth > rows) {
			complain(one " is like " parent[from] ", which is none")
			return
		}
		text = options[parent[from]] (text == "" ? "" : " ") text
	}
	depth = 0
	if (programs[from] == "")
		complain(one " runs nothing")
	print one "\t" when[one] "\t" expanded(programs[from]) "\t" text
}

/^#/ || /^[ \t]*$/ { row_ends(); next }
/^[ \t]/ { sub(/^[ \t]+/, ""); row = row " " $0; next }
{ row_ends(); row = $0 }

END {
	row_ends()
	for (i = 1; i <= rows; i++)
		show(name[i])
	exit failed
}
