// SPDX-License-Identifier: GPL-2.0-only
/*
 * Let a test ask the processor how it maps an address. The test writes the address to
 * the parameter par and reads the answer from the same parameter. The answer is the
 * register PAR_EL1 after an AT instruction: its upper 8 bits are the memory attributes
 * in the encoding of MAIR_EL1 (Arm ARM, D17.2). The address is one of the process that
 * writes, or one of the kernel.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <asm/barrier.h>
#include <asm/sysreg.h>

static u64 par;

static int par_set(const char *text, const struct kernel_param *kp)
{
	u64 address;
	int ret = kstrtou64(text, 0, &address);

	if (ret)
		return ret;
	preempt_disable();
	if (address >> 63)
		asm volatile("at s1e1r, %0" : : "r" (address));
	else
		asm volatile("at s1e0r, %0" : : "r" (address));
	isb();
	par = read_sysreg(par_el1);
	preempt_enable();
	return 0;
}

static int par_get(char *text, const struct kernel_param *kp)
{
	return sprintf(text, "0x%llx\n", par);
}

static const struct kernel_param_ops par_ops = {
	.set = par_set,
	.get = par_get,
};
module_param_cb(par, &par_ops, NULL, 0600);

MODULE_DESCRIPTION("How the processor maps an address");
MODULE_LICENSE("GPL");
