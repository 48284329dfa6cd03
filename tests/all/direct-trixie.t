#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Direct I/O on a kernel that registers buffers with io_uring: Linux 6.1 refuses to.
PCIBUF_SUITE=trixie exec "$(dirname "$0")/../vm/direct.t"
