# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v clock=CLOCK -f medians.awk: convert the output of the benchmark to results (see
# lib.awk). Two sums are computed for each round, before the median: map (mmap, faults
# without the loop that touches the memory, munmap) and whole (map, allocation and
# release).

BEGIN { FS = OFS = "\t" }

function keep(way, mib, name, value,    key)
{
	key = way OFS mib OFS name
	if (!(key in count))
		order[++nr] = key
	count[key]++
	values[key] = values[key] " " value
}

# Return the median of a list of words. For an even number of words, the median is the
# mean of the two in the middle.
function median(text,    v, n, i, j, x)
{
	n = split(text, v, " ")
	for (i = 2; i <= n; i++) {
		x = v[i]
		for (j = i - 1; j && v[j] + 0 > x + 0; j--)
			v[j + 1] = v[j]
		v[j + 1] = x
	}
	if (v[1] + 0 != v[1] "" || n % 2)
		return v[int((n + 1) / 2)]
	return sprintf("%.0f", (v[n / 2] + v[n / 2 + 1]) / 2)
}

function sums(way, mib,    faults, map)
{
	faults = now["faults"] > 0 ? now["touch"] - now["loop"] : 0
	map = now["mmap"] + (faults > 0 ? faults : 0) + now["munmap"]
	keep(way, mib, "map", map)
	keep(way, mib, "whole", now["alloc"] + map + now["free"])
}

NF == 5 {
	mib = $2 / 1048576
	keep($1, mib, $4, $5)
	now[$4] = $5
	if ($4 == "free" && "munmap" in now)
		sums($1, mib)
	if ($4 == "free")
		split("", now)
}

END {
	for (i = 1; i <= nr; i++)
		print clock, order[i], median(values[order[i]]), count[order[i]]
}
