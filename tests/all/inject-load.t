#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Allocations that fail while the module is loaded. Linux 6.1 loses the name of a class
# that it does not register, and where it cannot make a directory for a module's drivers
# it puts the link that belongs there into the root of sysfs, and leaves it.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --suite debug --cards edu:64 \
	--modargs nr_minors=8 --append init_on_alloc=0 --timeout 600 --allow \
	"duplicate filename '//pci:pcibuf'|Call Trace|__class_register|new suspected" \
	-- injectload
