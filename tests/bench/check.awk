# SPDX-License-Identifier: GPL-2.0-only
#
# awk -v kernel=RELEASE -f lib.awk -f check.awk RESULTS: print as TAP whether pcibuf is as
# much cheaper as required, at every measured size. The results are those of a guest that
# counts instructions, so that other load of the machine hardly affects them. The times of
# the disk's interrupts still vary, and a short run is exact to some percent. Ratios with
# little margin are therefore required a tenth lower here. make bench measures the exact
# figures.

BEGIN { FS = "\t" }

{ read_result() }

function point(good, text)
{
	total++
	if (!good)
		failures++
	print (good ? "ok " : "not ok ") total " - " text
}

function at_least(least, a, b, name, what, mib,    r)
{
	r = ratio(get("counted", a, mib, name), get("counted", b, mib, name))
	point(r != "-" && r >= least,
	      what ": " times(r) ", at least " least "x, at " mib " MiB")
}

function at_most(most, way, name, what, mib,    x)
{
	x = get("counted", way, mib, name)
	point(x != "-" && x <= most,
	      what ": " x ", at most " most ", at " mib " MiB")
}

function check(mib,    new)
{
	new = "pcibuf-populate"
	at_least(floor_2006(kernel), "2006", new, "map",
		 "MAP_POPULATE against page at a time", mib)
	at_least(floor_2006(kernel), "2006", "pcibuf", "map",
		 "faults of 2 MiB against page at a time", mib)
	if (floor_remap(kernel))
		at_least(0.9 * floor_remap(kernel), "remap", new, "map",
			 "MAP_POPULATE against remap_pfn_range", mib)
	at_least(2, "2006", "pcibuf-window", "map",
		 "a page off against page at a time", mib)
	at_most(mib / 2, "pcibuf", "faults", "faults", mib)
	at_most(mib / 2, "pcibuf-window", "faults", "faults a page off", mib)
	at_most(0, new, "faults", "faults after MAP_POPULATE", mib)
	at_least(0.97, "anon-thp", new, "copy-in",
		 "memcpy to the mapping against anonymous memory", mib)
	at_least(0.97, "anon-thp", new, "copy-out",
		 "memcpy from the mapping", mib)
	at_least(0.9, "anon-thp", new, "direct-cpu",
		 "O_DIRECT write, processor time against anonymous memory", mib)
	point(ratio(get("counted", new, mib, "bounced-cpu"),
		    get("counted", new, mib, "direct-cpu")) >= 2,
	      "O_DIRECT write against read() and write, at least 2x")
}

END {
	for (i = 1; i <= nr_sizes; i++)
		check(size[i])
	print "1.." total
	exit failures > 0
}
