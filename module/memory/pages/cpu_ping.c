// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU ping: does each processor do work for the kernel?
 *
 * alloc_contig_range() lets each processor empty its own lists of pages, and waits for
 * that without end: not even SIGKILL ends the wait. A real-time task that owns a
 * processor (SCHED_FIFO, and no limit for such tasks) lets no other task run there. So
 * each processor is asked in bounded time first.
 *
 * A question may wait for a processor for ever, so there is one for each processor, which
 * lives as long as the module.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "memory/pages/pages.h"

/*
 * How long all processors together have to answer. By default the kernel lets real-time
 * tasks run for 0.95 s of each second.
 */
#define ANSWER_WITHIN	(2 * HZ)

/**
 * struct ping - a question to one processor
 * @work: runs on that processor
 * @answered: completed by @work
 */
struct ping {
	struct work_struct work;
	struct completion answered;
};

/* Only the holder of the contiguous allocation lock asks. */
static DEFINE_PER_CPU(struct ping, pings);
/* Which processors were asked last: one may appear or disappear meanwhile. */
static struct cpumask asked;

static void answer(struct work_struct *work)
{
	complete(&container_of(work, struct ping, work)->answered);
}

/**
 * pcibuf_cpu_ping_init() - prepare a question to each processor
 */
void pcibuf_cpu_ping_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		INIT_WORK(&per_cpu(pings, cpu).work, answer);
		init_completion(&per_cpu(pings, cpu).answered);
	}
}

/**
 * pcibuf_cpu_ping_exit() - take back the questions that no processor has answered
 */
void pcibuf_cpu_ping_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		cancel_work_sync(&per_cpu(pings, cpu).work);
}

/* Where an earlier question still waits, there is no need for another. */
static void ask(int cpu)
{
	struct ping *ping = &per_cpu(pings, cpu);

	cpumask_set_cpu(cpu, &asked);
	if (work_pending(&ping->work))
		return;
	reinit_completion(&ping->answered);
	schedule_work_on(cpu, &ping->work);
}

/**
 * pcibuf_cpu_ping() - ask each processor, and wait for its answer in bounded time
 * @ctx: the allocation
 *
 * The caller holds the contiguous allocation lock.
 *
 * Return: %PCIBUF_DONE, %PCIBUF_NO_CPU, or %PCIBUF_KILLED.
 */
enum pcibuf_outcome pcibuf_cpu_ping(struct pcibuf_alloc_ctx *ctx)
{
	unsigned long end = jiffies + ANSWER_WITHIN;
	int cpu;

	cpumask_clear(&asked);
	for_each_online_cpu(cpu)
		ask(cpu);
	for_each_cpu(cpu, &asked) {
		struct completion *answered = &per_cpu(pings, cpu).answered;
		long left = max_t(long, end - jiffies, 1);

		left = wait_for_completion_killable_timeout(answered, left);
		if (left < 0)
			return PCIBUF_KILLED;
		if (!left) {
			ctx->stuck = true;
			ctx->stuck_cpu = cpu;
			return PCIBUF_NO_CPU;
		}
	}
	return PCIBUF_DONE;
}
