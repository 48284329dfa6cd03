// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine sleeps (S3) and wakes up, with a card in each state of lib-states.c. The
 * cards lose all their state, the buffers nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kselftest.h>

#include "lib-scene.h"

#define TAKES_AT_MOST	(8 * MIB)	/* what the kernel keeps */
#define FALLS_ASLEEP	0xa0
#define IS_AWAKE	0xa1
#define POWER_STATE	"/sys/power/state"
#define BRIDGE		PCI_DIR "/devices/0000:00:1f.0/config"
#define BRIDGE_ACPI	0x40	/* the address of ACPI's registers, and their enable bit */

/*
 * QEMU's firmware does not restore this register at wake-up, unlike the firmware of a
 * real machine. Without it the machine cannot be switched off.
 */
static int copy_bridge(__u64 *acpi, bool back)
{
	int fd = open(BRIDGE, O_RDWR | O_CLOEXEC);
	ssize_t done = back ? pwrite(fd, acpi, sizeof(*acpi), BRIDGE_ACPI) :
			      pread(fd, acpi, sizeof(*acpi), BRIDGE_ACPI);

	close(fd);
	return done == sizeof(*acpi) ? 0 : EIO;
}

/* Write a note to the first card, for the reader of the trace. */
static int note(unsigned char value)
{
	struct card card;
	int err = card_find(0, &card);

	return err ? err : card_note(&card, false, &value);
}

/* Wake up after some seconds. Repeat it for a machine that falls asleep slowly. */
static int wake_up_later(void)
{
	static const int times[] = { 6, 20, 60 };
	FILE *line = fopen("/dev/ttyS1", "we");
	int i;

	if (!line)
		return errno;
	for (i = 0; i < 3; i++)
		fprintf(line, "@later %d system_wakeup\n", times[i]);
	return fclose(line) ? errno : 0;
}

/* Return 0 or an errno. */
static int sleep_deeply(void)
{
	double start = seconds();
	__u64 acpi;
	int err;

	err = copy_bridge(&acpi, false);
	if (!err)
		err = wake_up_later();
	if (!err)
		err = note(FALLS_ASLEEP);
	if (!err)
		err = attr_write(POWER_STATE, "mem");
	if (!err)
		err = note(IS_AWAKE);
	copy_bridge(&acpi, true);
	printf("# asleep and awake in %.1f s of the guest's\n",
	       seconds() - start);
	return err;
}

int main(void)
{
	unsigned int i, nr = scenes_count();
	int wrong[MAX_SCENES];
	char modes[64] = "";
	__u64 before, now;

	ksft_print_header();
	attr_read("/sys/power/mem_sleep", modes, sizeof(modes));
	if (!strstr(modes, "[deep]"))
		ksft_exit_skip("this kernel cannot sleep (S3)\n");
	ksft_set_plan(nr + 2);
	if (scenes_begin())
		ksft_exit_fail_msg("cards in all states\n");
	before = mem_available();
	ksft_test_result(!sleep_deeply(), "sleeps and wakes up\n");
	now = mem_available();
	ksft_test_result(now + TAKES_AT_MOST >= before,
			 "suspend.memory: %lld KiB less\n",
			 ((long long)before - (long long)now) / (long long)KIB);
	if (now < before)
		scenes_cost(before - now);
	for (i = 0; i < nr; i++)
		wrong[i] = scene_cannot(i) ? 0 : scene_check_kept(i);
	for (i = nr; i--;)
		wrong[i] += scene_cannot(i) ? 0 : scene_end_kept(i);
	for (i = 0; i < nr; i++)
		if (scene_cannot(i))
			ksft_test_result_skip("suspend.%s: %s\n", scene_name(i),
					      scene_cannot(i));
		else
			ksft_test_result(!wrong[i], "suspend.%s\n",
					 scene_name(i));
	ksft_finished();
}
