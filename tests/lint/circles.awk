# SPDX-License-Identifier: GPL-2.0-only
#
# circles.awk -v find=circles|climbs: read the output of `nm -AgP` for objects. Print each
# circle of files that use symbols of each other, or each use of a symbol of a higher
# folder. A table of operations is a symbol too.

# The order of the folders. A file uses symbols of its own floor and of lower floors. At
# the top of module/, besides main.c, are only files that every folder may use.
BEGIN {
	floors["common"] = 1
	floors["lib"] = 2
	floors["memory"] = 3
	floors["buffer"] = 4
	floors["card"] = 5
	floors["main.c"] = 6
}

function floor_of(file,    place) {
	place = file
	if (!sub("/.*", "", place) && file != "main.c")
		place = "common"
	if (!(place in floors))
		print file " has no floor in the tower"
	return floors[place]
}

# Complete reaches[]: add the files that a file reaches by several uses.
function close_graph(    a, b, via) {
	for (via in known)
		for (a in known)
			if ((a, via) in reaches)
				for (b in known)
					if ((via, b) in reaches)
						reaches[a, b] = 1
}

function print_use(from, to) {
	print "  " from " uses " to ":" ties[from, to]
}

function print_circle(first,    i, j, n, names) {
	for (i = 1; i <= count; i++)
		if ((first, files[i]) in reaches && (files[i], first) in reaches) {
			circle[++n] = files[i]
			names = names " " files[i]
			printed[files[i]] = 1
		}
	print "circle of " n " files:" names
	for (i = 1; i <= n; i++)
		for (j = 1; j <= n; j++)
			if ((circle[i], circle[j]) in ties)
				print_use(circle[i], circle[j])
}

function print_circles(    i) {
	close_graph()
	for (i = 1; i <= count; i++)
		if ((files[i], files[i]) in reaches && !(files[i] in printed))
			print_circle(files[i])
}

function print_climbs(    i, j) {
	for (i = 1; i <= count; i++)
		for (j = 1; j <= count; j++)
			if ((files[i], files[j]) in ties &&
			    floor_of(files[j]) > floor_of(files[i]))
				print_use(files[i], files[j])
}

# FILE.o: SYMBOL TYPE VALUE SIZE
{
	file = $1
	sub(/\.o:$/, ".c", file)
	if (!(file in known)) {
		known[file] = 1
		files[++count] = file
	}
}
$3 !~ /^[Uvw]$/ {
	owner[$2] = file
	next
}
{
	user[++uses] = file
	wanted[uses] = $2
}

END {
	for (i = 1; i <= uses; i++)
		if (wanted[i] in owner) {
			tie = user[i] SUBSEP owner[wanted[i]]
			ties[tie] = ties[tie] " " wanted[i]
			reaches[tie] = 1
		}
	if (find == "circles")
		print_circles()
	else
		print_climbs()
}
