#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Cards that go while they are used, without an IOMMU.
exec "$(dirname "$0")/../../scripts/vm/vm" fast --cards "edu edu:64" -- hotplug
