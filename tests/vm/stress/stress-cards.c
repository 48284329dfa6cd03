// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stress: processes that start and end, cards that are bound and unbound, and the hand,
 * a process that pulls a card out and plugs it in again.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

/* Every child must have exited with status 0 or been killed. */
static void reap_children(struct worker *worker)
{
	int status;

	while (waitpid(-1, &status, WNOHANG) > 0)
		if (!ended_well(status))
			wrong(worker, "a child ended badly");
}

/* Fork a child that has everything of its parent, for a while. */
static int fork_some(struct worker *worker)
{
	pid_t pid;

	reap_children(worker);
	pid = fork();
	if (pid < 0)
		return errno;
	if (!pid) {
		worker->random ^= getpid();
		run_some(worker, pick(worker, 30));
		_exit(0);
	}
	if (!pick(worker, 4))
		kill(pid, SIGKILL);
	return 0;
}

/* Kill another worker in the middle of its work. A new worker replaces it. */
static int kill_some(struct worker *worker)
{
	pid_t pid = worker->shared->pids[pick(worker, WORKERS)];

	if (!pid || pid == getpid())
		return ESRCH;
	return kill(pid, SIGKILL) ? errno : 0;
}

static int unbind(struct worker *worker)
{
	int err = card_unbind(some_card(worker));

	if (!err && worker->role != ROOT)
		wrong(worker, "somebody but root unbound a card");
	return err;
}

/* Bind a card, and give it to the group, as udev does. */
static int bind_card(const struct card *card)
{
	int err = card_bind(card);

	if (!err)
		err = card_write(card, "gid", "%d", GID_PCIBUF);
	if (!err)
		err = card_write(card, "max_bytes", "1T");
	return err;
}

static int bind_again(struct worker *worker)
{
	return bind_card(some_card(worker));
}

/* Write the attributes that only root can write. Other users must fail. */
static int configure(struct worker *worker)
{
	static const struct {
		const char *attr;
		const char *values[4];
	} settings[] = {
		{ "gid", { "900", "900", "0", "901" } },
		{ "max_bytes", { "1T", "64M", "128M", "64K" } },
		{ "dma_mask_bits", { "64", "64", "28", "24" } },
	};
	unsigned int nr = pick(worker, 3);
	const char *value = settings[nr].values[pick(worker, 4)];
	int err = card_write(some_card(worker), settings[nr].attr, "%s", value);

	if (!err && worker->role != ROOT)
		wrong(worker, "somebody but root set something");
	return err;
}

static int limit_all(struct worker *worker)
{
	static const char * const values[] = { "256M", "128M", "16M", "1T" };
	int err = attr_write(MAX_TOTAL, values[pick(worker, 4)]);

	if (!err && worker->role != ROOT)
		wrong(worker, "somebody but root set max_total");
	return err;
}

static int reset_card(struct worker *worker)
{
	return attr_write(pci_attr(some_card(worker), "reset"), "1");
}

const struct op card_ops[] = {
	{ "fork", 6, OFTEN, fork_some },
	{ "kill", 2, OFTEN, kill_some },
	{ "unbind", 1, OFTEN, unbind },
	{ "bind", 8, OFTEN, bind_again },
	{ "configure", 4, OFTEN, configure },
	{ "max_total", 2, OFTEN, limit_all },
	{ "reset", 1, OFTEN, reset_card },
	{ }
};

static bool replug(const struct card *card)
{
	char place[128];

	snprintf(place, sizeof(place), "%s", pci_attr(card, "vendor"));
	monitor("device_del card%d", card->slot);
	if (!wait_for(place, false))
		return false;
	return card_plug(card);
}

static bool remove_and_rescan(const struct card *card)
{
	char place[128];

	snprintf(place, sizeof(place), "%s", pci_attr(card, "vendor"));
	if (attr_write(pci_attr(card, "remove"), "1"))
		return false;
	usleep(300000);
	return !attr_write(PCI_DIR "/rescan", "1") && wait_for(place, true);
}

/*
 * Remove and rescan the first card by sysfs, pull out and plug the second by the
 * monitor.
 */
void hand(struct shared *shared)
{
	bool right = true;

	while (right && seconds() < shared->end) {
		usleep(2500000);
		right = remove_and_rescan(&shared->cards[0]);
		bind_card(&shared->cards[0]);
		usleep(2500000);
		if (right)
			right = replug(&shared->cards[1]);
		bind_card(&shared->cards[1]);
	}
	if (!right)
		printf("# a card did not go, or did not come back\n");
	fflush(stdout);
	_exit(!right);
}
