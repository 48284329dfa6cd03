// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

MODULE_DESCRIPTION("DMA memory of PCI cards for user space");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
