# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f lib.awk -f short.awk RESULTS...: print the table of README.md, with a column for
# each kernel.

BEGIN { FS = "\t" }

/^# kernel / {
	release = substr($0, 10)
	sub(/[-+].*/, "", release)
	kernel[++nr_kernels] = release
	nr_sizes = 0
	split("", size_seen)
}
/^#/ { next }
{
	$1 = nr_kernels $1
	read_result()
}

# Print a row that says how many times cheaper the figure @bname of @b is than the figure
# @name of @a.
function row(text, a, name, b, bname,    i, line, c)
{
	line = "| " text " |"
	for (i = 1; i <= nr_kernels; i++) {
		c = i "counted"
		line = line " " times(ratio(get(c, a, 256, name), get(c, b, 256, bname ? bname : name))) " |"
	}
	print line
}

function fault_row(text, way,    i, line)
{
	line = "| " text " |"
	for (i = 1; i <= nr_kernels; i++)
		line = line " " get(i "counted", way, 1024, "faults") " |"
	print line
}

function header(    i, line, rule)
{
	line = "| pcibuf with MAP_POPULATE, 256 MiB, on Linux |"
	rule = "|---|"
	for (i = 1; i <= nr_kernels; i++) {
		line = line " " kernel[i] " |"
		rule = rule "--:|"
	}
	print line "\n" rule
}

END {
	p = "pcibuf-populate"
	header()
	row("map and unmap: cheaper than a page at a time, as in 2006", "2006", "map", p)
	row("than `remap_pfn_range` in mmap, blocks of 4 MiB", "blocks", "map", p)
	row("than `remap_pfn_range` in mmap, one range", "remap", "map", p)
	row("than `dma_mmap_coherent` in mmap", "coherent", "map", p)
	row("allocate, map, give back: cheaper than a page at a time", "2006", "whole", p)
	row("than VFIO type1, of anonymous memory", "vfio", "whole", p)
	row("memcpy: faster than from anonymous memory of 2 MiB pages", "anon-thp", "copy-out", p)
	row("O_DIRECT write: cheaper than from anonymous memory of 2 MiB pages", "anon-thp", "direct-cpu", p)
	row("than from anonymous memory of 4 KiB pages", "anon-4k", "direct-cpu", p)
	row("than read() into a buffer and write of that", p, "bounced-cpu", p, "direct-cpu")
	fault_row("faults to touch 1 GiB", "pcibuf")
	fault_row("faults where no entry of 2 MiB fits", "pcibuf-window")
	fault_row("faults after MAP_POPULATE", p)
}
