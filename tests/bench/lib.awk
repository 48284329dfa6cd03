# SPDX-License-Identifier: GPL-2.0-only
#
# Functions that the awk scripts of this directory share: the ways, their names, and the
# file of results. A line of results has these fields, separated by tabs: clock, way, MiB,
# figure, median, rounds.

function init_ways(    text, n, i, part)
{
	text = "2006=page at a time, as in 2006;"
	text = text "blocks=`remap_pfn_range`, blocks of 4 MiB;"
	text = text "remap=`remap_pfn_range`, one range;"
	text = text "coherent=`dma_mmap_coherent`;"
	text = text "anon-4k=anonymous, 4 KiB pages;"
	text = text "anon-thp=anonymous, THP;"
	text = text "anon-populate=anonymous, THP, MAP_POPULATE;"
	text = text "hugetlbfs=hugetlbfs;memfd=memfd;"
	text = text "vfio=VFIO type1, of anonymous THP;"
	text = text "pcibuf=pcibuf;pcibuf-populate=pcibuf, MAP_POPULATE;"
	text = text "pcibuf-window=pcibuf, a page off;"
	text = text "pcibuf-window-populate=pcibuf, a page off, MAP_POPULATE"
	n = split(text, list, ";")
	for (i = 1; i <= n; i++) {
		split(list[i], part, "=")
		way[i] = part[1]
		title[part[1]] = part[2]
	}
	nr_ways = n
}

# Store the current line, which is a line of results.
function read_result()
{
	figure[$1, $2, $3, $4] = $5
	if (!($3 in size_seen)) {
		size_seen[$3] = 1
		size[++nr_sizes] = $3
	}
}

# Return the median, or "-" if it was not measured or could not be measured.
function get(clock, way, mib, name)
{
	if (!((clock, way, mib, name) in figure))
		return "-"
	return figure[clock, way, mib, name]
}

# Return how many times cheaper @b is than @a.
function ratio(a, b)
{
	return a == "-" || b == "-" || b + 0 == 0 ? "-" : a / b
}

# Format a number with three digits.
function digits(x)
{
	if (x == "-" || x + 0 != x)
		return x
	if (x >= 100)
		return sprintf("%.0f", x)
	if (x >= 10)
		return sprintf("%.1f", x)
	return x >= 0.9995 ? sprintf("%.2f", x) : sprintf("%.3f", x)
}

function times(x)
{
	return x == "-" ? "-" : digits(x) "x"
}

# Convert a time from ns to ms.
function ms(x)
{
	return x == "-" || x + 0 != x ? x : digits(x / 1e6)
}

# Return the required ratio for a kernel's release, or 0 if there is no requirement.
function floor_2006(release)
{
	if (release ~ /^5\./)
		return 20
	if (release ~ /^6\.1\./)
		return 40
	return release ~ /^6\./ ? 100 : 50
}

function floor_remap(release)
{
	if (release ~ /^5\./)
		return 0
	if (release ~ /^6\.1\./)
		return 5
	return release ~ /^6\./ ? 10 : 7
}
