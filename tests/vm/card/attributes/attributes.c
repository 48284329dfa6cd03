// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets a test ask the processor how an address is mapped: the register PAR_EL1
 * after an AT instruction, whose upper 8 bits are the memory attributes as MAIR_EL1
 * has them (Arm ARM, D17.2). An address is written to the parameter, and what the
 * processor says of it is read from there. Of the process that writes, or of the
 * kernel.
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
