// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine is switched off, with a card in each state of lib-states.c. shutdown.awk
 * checks the last write to each card's command register in QEMU's trace.
 */
#include <linux/reboot.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <kselftest.h>

#include "lib-scene.h"

int main(void)
{
	struct card card;
	unsigned int i;

	ksft_print_header();
	ksft_set_plan(1);
	if (scenes_begin())
		ksft_exit_fail_msg("cards in all states\n");
	ksft_test_result_pass("cards in all states\n");
	for (i = 0; !card_find(i, &card); i++)
		printf("# state %s %s\n", card.bdf + 5, scene_name(i));
	printf("@end shutdown 0\n@done\n");
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_POWER_OFF, NULL);
	return 1;
}
