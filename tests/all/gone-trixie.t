#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Buffers that go while somebody works with their pages, on a kernel that registers
# them with io_uring: Linux 6.1 refuses to.
PCIBUF_SUITE=trixie exec "$(dirname "$0")/../vm/gone.t"
