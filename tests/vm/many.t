#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Many buffers, and many times, without an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards edu:64 -- churn,mixture,parked
