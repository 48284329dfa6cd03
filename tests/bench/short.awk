# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f lib.awk -f short.awk RESULTS...: the table of README.md, a column for
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

# How many times cheaper @b's figure @bname is than @a's figure @name.
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
	line = "| 256 MiB, pcibuf with MAP_POPULATE, times cheaper than |"
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
	row("mmap and munmap: a page at a time, as in 2006", "2006", "map", p)
	row("`remap_pfn_range` in mmap, blocks of 4 MiB", "blocks", "map", p)
	row("`remap_pfn_range` in mmap, one range", "remap", "map", p)
	row("`dma_mmap_coherent` in mmap", "coherent", "map", p)
	row("allocate, map and give back: page at a time", "2006", "whole", p)
	row("VFIO type1, of anonymous memory", "vfio", "whole", p)
	row("memcpy: anonymous memory of 2 MiB pages", "anon-thp", "copy-out", p)
	row("O_DIRECT write: anonymous memory of 2 MiB pages", "anon-thp", "direct-cpu", p)
	row("of 4 KiB pages", "anon-4k", "direct-cpu", p)
	row("read() into a buffer, then write", p, "bounced-cpu", p, "direct-cpu")
	fault_row("faults to touch 1 GiB", "pcibuf")
	fault_row("where no entry of 2 MiB fits", "pcibuf-window")
	fault_row("after MAP_POPULATE", p)
}
