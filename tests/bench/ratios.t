#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests how much cheaper a mapping of pcibuf is than other mappings in the same guest.
exec "$(dirname "$0")/../../scripts/run/bench" --check --suite bookworm --sizes 64 \
	--ways 2006,remap,anon-thp,pcibuf,pcibuf-populate,pcibuf-window
