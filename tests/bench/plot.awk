# SPDX-License-Identifier: GPL-2.0-only
#
# awk -f lib.awk -f plot.awk RESULTS: plot the cost of a mapping at each size, as SVG.
# Both axes are logarithmic. The colours and the grey have a middle lightness, so that the
# plot is readable on white and on black.

BEGIN {
	FS = "\t"
	init_ways()
	left = 74
	right = 620
	top = 62
	bottom = 440
	style("2006", "#d9480f", "a page at a time, as in 2006")
	style("anon-4k", "#8b8b8b", "anonymous memory, 4 KiB pages")
	style("coherent", "#b8860b", "dma_mmap_coherent")
	style("blocks", "#a06cd5", "remap_pfn_range, 4 MiB blocks")
	style("remap", "#7048e8", "remap_pfn_range, one range")
	style("anon-thp", "#8b8b8b", "anonymous memory, THP")
	style("pcibuf-window", "#2b8a3e", "pcibuf, where 2 MiB cannot fit")
	style("pcibuf", "#1c7ed6", "pcibuf, by faults")
	style("pcibuf-populate", "#1c7ed6", "pcibuf, MAP_POPULATE")
}

/^# kernel / { release = substr($0, 10) }
/^#/ { next }
{ read_result() }

function style(way, colour, label)
{
	line[++nr_lines] = way
	colour_of[way] = colour
	label_of[way] = label
}

function text(x, y, anchor, colour, words)
{
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n", \
		x, y, anchor, colour, words
}

function x_of(mib)
{
	return left + (right - left) * log(mib / size[1]) / log(size[nr_sizes] / size[1])
}

function y_of(ns)
{
	return bottom - (bottom - top) * log(ns / lowest) / log(highest / lowest)
}

# Find the powers of ten that enclose all values.
function find_range(    i, j, v)
{
	for (i = 1; i <= nr_lines; i++)
		for (j = 1; j <= nr_sizes; j++) {
			v = get("counted", line[i], size[j], "map")
			if (v == "-" || v + 0 <= 0)
				continue
			if (!lowest || v < lowest)
				lowest = v
			if (v > highest)
				highest = v
		}
	lowest = 10 ^ int(log(lowest) / log(10))
	for (v = lowest; v < highest; v *= 10)
		;
	highest = v
}

function duration(ns)
{
	if (ns < 1e6)
		return ns / 1e3 " µs"
	return ns < 1e9 ? ns / 1e6 " ms" : ns / 1e9 " s"
}

function axes(    v, j)
{
	for (v = lowest; v <= highest; v *= 10) {
		printf "<path d=\"M%d %.1fH%d\" stroke=\"#808080\" stroke-opacity=\".35\"/>\n", \
			left, y_of(v), right
		text(left - 8, y_of(v) + 4, "end", "#808080", duration(v))
	}
	for (j = 1; j <= nr_sizes; j++) {
		printf "<path d=\"M%.1f %dV%d\" stroke=\"#808080\" stroke-opacity=\".35\"/>\n", \
			x_of(size[j]), top, bottom
		text(x_of(size[j]), bottom + 18, "middle", "#808080",
		     size[j] < 1024 ? size[j] " MiB" : size[j] / 1024 " GiB")
	}
}

# Draw the line of a way, and note the preferred position of its label.
function curve(way,    j, v, path)
{
	for (j = 1; j <= nr_sizes; j++) {
		v = get("counted", way, size[j], "map")
		if (v == "-" || v + 0 <= 0)
			continue
		path = path sprintf("%s%.1f %.1f", path ? "L" : "M", x_of(size[j]), y_of(v))
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", \
			x_of(size[j]), y_of(v), colour_of[way]
		label_y[way] = y_of(v)
		last_x[way] = x_of(size[j])
	}
	printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", \
		path, colour_of[way], way ~ /^(anon-thp|pcibuf)$/ ? " stroke-dasharray=\"6 4\"" : ""
}

# Print the labels from top to bottom, at least one line apart.
function labels(    i, j, w, y)
{
	for (i = 2; i <= nr_lines; i++) {
		w = line[i]
		for (j = i - 1; j && label_y[line[j]] > label_y[w]; j--)
			line[j + 1] = line[j]
		line[j + 1] = w
	}
	y = 0
	for (i = 1; i <= nr_lines; i++) {
		w = line[i]
		if (!(w in label_y))
			continue
		if (label_y[w] < y + 15)
			label_y[w] = y + 15
		y = label_y[w]
		text(right + 12, y + 4, "start", colour_of[w], label_of[w])
	}
}

END {
	find_range()
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 480\"" \
	      " font-family=\"sans-serif\" font-size=\"13\">"
	print "<!-- SPDX-License-Identifier: GPL-2.0-only -->"
	print "<title>What it costs to map memory</title>"
	printf "<text x=\"%d\" y=\"24\" font-size=\"16\" fill=\"#808080\">%s</text>\n", \
		left, "What it costs to map memory, reach every page of it, and unmap it"
	text(left, 44, "start", "#808080",
	     "Linux " release ", instructions counted at 1 GHz, without the loop that touches")
	axes()
	for (i = 1; i <= nr_lines; i++)
		curve(line[i])
	labels()
	print "</svg>"
}
