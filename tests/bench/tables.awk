# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f lib.awk -f tables.awk RESULTS: print the tables of one kernel in Markdown.

BEGIN {
	FS = "\t"
	init_ways()
}

/^# kernel / { release = substr($0, 10) }
/^#/ { next }
{
	read_result()
	if ($6 > rounds[$1])
		rounds[$1] = $6
}

function row(text)
{
	print "| " text " |"
}

# Return the speed in MB/s of a copy of @mib that takes @ns.
function speed(ns, mib)
{
	return ns == "-" ? "-" : digits(mib * 1048.576 / (ns / 1e6))
}

function costs(clock, mib,    i, w, line, disk)
{
	disk = clock == "counted" ? "-cpu" : ""
	row("way | allocate | mmap | first touch | faults | munmap | free | memcpy to | memcpy from | random read | O_DIRECT write | copy, then write")
	print "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
	for (i = 1; i <= nr_ways; i++) {
		w = way[i]
		if (get(clock, w, mib, "munmap") == "-")
			continue
		line = title[w] " | " ms(get(clock, w, mib, "alloc"))
		line = line " | " ms(get(clock, w, mib, "mmap"))
		line = line " | " ms(get(clock, w, mib, "touch"))
		line = line " | " get(clock, w, mib, "faults")
		line = line " | " ms(get(clock, w, mib, "munmap"))
		line = line " | " ms(get(clock, w, mib, "free"))
		line = line " | " speed(get(clock, w, mib, "copy-in"), mib)
		line = line " | " speed(get(clock, w, mib, "copy-out"), mib)
		line = line " | " digits(get(clock, w, mib, "random") / 1048576)
		if (get(clock, w, mib, "direct") ~ /^E/)
			line = line " | " get(clock, w, mib, "direct")
		else
			line = line " | " ms(get(clock, w, mib, "direct" disk))
		row(line " | " ms(get(clock, w, mib, "bounced" disk)))
	}
	print ""
}

# Print a table of one figure at each size.
function by_size(clock, name,    i, j, line, rule)
{
	line = "way"
	rule = "|---|"
	for (j = 1; j <= nr_sizes; j++) {
		line = line " | " size[j] " MiB"
		rule = rule "--:|"
	}
	row(line)
	print rule
	for (i = 1; i <= nr_ways; i++) {
		if (get(clock, way[i], mib, name) == "-")
			continue
		line = title[way[i]]
		for (j = 1; j <= nr_sizes; j++)
			line = line " | " ms(get(clock, way[i], size[j], name))
		row(line)
	}
	print ""
}

function ratio_row(text, asked, name, a, b, disk,    i, c, line)
{
	if (get("counted", a, mib, name) == "-" && get("wall", a, mib, name) == "-")
		return
	line = text " | " (asked ? asked : "")
	for (i = 1; i <= 2; i++) {
		c = i == 1 ? "counted" : "wall"
		line = line " | " times(ratio( \
			get(c, a, mib, name (disk && i == 1 ? "-cpu" : "")),
			get(c, b, mib, (disk ? disk : name) \
			    (disk && i == 1 ? "-cpu" : ""))))
	}
	row(line)
}

function fault_row(text, asked, w)
{
	row(text " | " asked " | " get("counted", w, 1024, "faults") " | " \
	    get("wall", w, 1024, "faults"))
}

function ratios(    old, new)
{
	row(mib " MiB | asked for | counted | wall clock")
	print "|---|--:|--:|--:|"
	new = "pcibuf-populate"
	old = floor_2006(release)
	ratio_row("mapped by MAP_POPULATE, against page at a time", old "x", "map", "2006", new)
	old = floor_remap(release)
	ratio_row("against `remap_pfn_range`, one range", old ? old "x" : "", "map", "remap", new)
	ratio_row("against `remap_pfn_range`, blocks of 4 MiB", old ? old "x" : "", "map", "blocks", new)
	ratio_row("against `dma_mmap_coherent`", "", "map", "coherent", new)
	ratio_row("mapped by faults, against page at a time", "", "map", "2006", "pcibuf")
	ratio_row("allocate, map, unmap, free, against page at a time", "", "whole", "2006", new)
	ratio_row("against VFIO type1 (allocate, pin, map for DMA)", "", "whole", "vfio", new)
	ratio_row("memcpy to the mapping, against anonymous THP", "0.97x", "copy-in", "anon-thp", new)
	ratio_row("memcpy from the mapping", "0.97x", "copy-out", "anon-thp", new)
	ratio_row("O_DIRECT write, against anonymous THP", "1x", "direct", "anon-thp", new, "direct")
	ratio_row("against anonymous memory of 4 KiB pages", "1x", "direct", "anon-4k", new, "direct")
	ratio_row("against read(), then write", "1x", "bounced", new, new, "direct")
	fault_row("faults to touch 1 GiB", 512, "pcibuf")
	fault_row("the same a page off", 512, "pcibuf-window")
	fault_row("the same after MAP_POPULATE", 0, new)
	print ""
}

function section(clock, words)
{
	if (!(clock in rounds))
		return
	print mib " MiB, " words rounds[clock] (rounds[clock] > 1 ? " rounds" : " round") "):\n"
	costs(clock, mib)
}

END {
	for (i = 1; i <= nr_sizes; i++)
		if (size[i] <= 256)
			mib = size[i]
	print "### Linux " release "\n"
	ratios()
	section("counted", "counted instructions (ms at 1 GHz, MB/s, ns; ")
	section("wall", "wall clock (ms, MB/s, ns; ")
	clock = "counted" in rounds ? "counted" : "wall"
	print "mmap, faults and munmap together, " clock ", ms:\n"
	by_size(clock, "map")
	print "Allocation, that, and release, " clock ", ms:\n"
	by_size(clock, "whole")
}
