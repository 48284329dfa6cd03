#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two cards of one kind.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu edu" -- twins,dma
