#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The same on the oldest kernel, whose IOMMU flushes in a way of its own; only flush
# cannot look at its memory.
PCIBUF_SUITE=bullseye exec "$(dirname "$0")/protocols-coherent-on.t"
