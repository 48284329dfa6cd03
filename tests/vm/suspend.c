// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine sleeps (S3) and wakes up, with a card in each state of
 * lib-states.c: the cards have lost all that they knew, the buffers nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kselftest.h>

#include "lib-scene.h"

#define SLEEPS		6	/* seconds, of which it takes one to fall asleep */
#define POWER_STATE	"/sys/power/state"
#define BRIDGE		PCI_DIR "/devices/0000:00:1f.0/config"
#define BRIDGE_ACPI	0x40	/* where ACPI's registers are, and whether */

/*
 * QEMU's firmware does not restore this when it wakes the machine up, as that of
 * a real machine would; without it nobody can switch it off.
 */
static int copy_bridge(__u64 *acpi, bool back)
{
	int fd = open(BRIDGE, O_RDWR | O_CLOEXEC);
	ssize_t done = back ? pwrite(fd, acpi, sizeof(*acpi), BRIDGE_ACPI) :
			      pread(fd, acpi, sizeof(*acpi), BRIDGE_ACPI);

	close(fd);
	return done == sizeof(*acpi) ? 0 : EIO;
}

/* 0 or an errno. */
static int sleep_deeply(void)
{
	FILE *line = fopen("/dev/ttyS1", "we");
	double start = seconds();
	__u64 acpi;
	int err;

	err = copy_bridge(&acpi, false);
	fprintf(line, "@later %d system_wakeup\n", SLEEPS);
	fclose(line);
	if (!err)
		err = attr_write(POWER_STATE, "mem");
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
	ksft_set_plan(nr + 1);
	if (scenes_begin())
		ksft_exit_fail_msg("cards in all states\n");
	before = mem_available();
	ksft_test_result(!sleep_deeply(), "sleeps and wakes up\n");
	now = mem_available();
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
