// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another kernel takes over without a reset of the machine, with a card in each state of
 * lib-states.c. No card may still write to memory, which belongs to the new kernel. This
 * program is also the first process of the new kernel. There it looks at the cards
 * before a driver does. Needs scripts/vm/vm --kexec, and an nvme before the cards.
 */
#include <errno.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include <kselftest.h>

#include "lib-scene.h"

#define KERNEL	"/kernel"
#define RESULTS	"/dev/ttyS1"
#define ASKED	0xa1	/* not a number of an interrupt */

static void pad(FILE *archive)
{
	while (ftell(archive) % 4)
		fputc(0, archive);
}

/* Add a file to a cpio archive in the kernel's format. */
static void add(FILE *archive, const char *name, const char *data, size_t size)
{
	static const char format[] =
		"070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x";

	fprintf(archive, format, 1, S_IFREG | 0755, 0, 0, 1, 0, size, 0, 0, 0,
		0, strlen(name) + 1, 0);
	fwrite(name, strlen(name) + 1, 1, archive);
	pad(archive);
	fwrite(data, size, 1, archive);
	pad(archive);
}

/* Make an initramfs that contains only this program. */
static int initramfs(void)
{
	int fd = memfd_create("initramfs", 0);
	int self = open("/proc/self/exe", O_RDONLY);
	FILE *archive = fdopen(dup(fd), "w");
	struct stat stat;
	char *data;

	fstat(self, &stat);
	data = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, self, 0);
	close(self);
	if (data == MAP_FAILED)
		return -1;
	add(archive, "init", data, stat.st_size);
	add(archive, "TRAILER!!!", "", 0);
	fclose(archive);
	munmap(data, stat.st_size);
	return fd;
}

/* Return 0 or an errno. */
static int load_kernel(void)
{
	int kernel = open(KERNEL, O_RDONLY | O_CLOEXEC);
	char arguments[4096];
	int fd, err;

	if (kernel < 0)
		return errno;
	err = attr_read("/proc/cmdline", arguments, sizeof(arguments));
	fd = initramfs();
	if (!err && syscall(SYS_kexec_file_load, kernel, fd,
			    strlen(arguments) + 1, arguments, 0UL))
		err = errno;
	close(fd);
	close(kernel);
	return err;
}

static void reboot_by(int command)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command,
		NULL);
}

static void set_up_results(void)
{
	struct termios mode;
	int fd;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	fd = open(RESULTS, O_RDWR);
	tcgetattr(fd, &mode);
	cfmakeraw(&mode);
	cfsetspeed(&mode, B115200);
	tcsetattr(fd, TCSANOW, &mode);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

/*
 * The kernel stops all cards before it starts the new kernel. Programs still run
 * meanwhile, and one may allocate a buffer, which would start its card again. This
 * process does so as soon as its card is stopped.
 */
static void ask_late(const struct card *card)
{
	unsigned char asked = ASKED;

	while (card_is_master(card))
		usleep(1000);
	card_write(card, "free", "rx");
	card_write(card, "alloc", "4K rx");
	card_note(card, false, &asked);
	pause();
}

/*
 * The kernel stops the last card first. The first device is in reset, and the kernel
 * waits for the end of the reset. This leaves the time for the late request.
 */
static int begin_late_request(void)
{
	struct card first, last;
	int err = card_find_id(NVME_VENDOR, NVME_DEVICE, 0, &first);

	if (!err)
		err = card_get(scenes_count(), &last);
	if (!err)
		err = card_write(&last, "alloc", "4K rx");
	if (err)
		return err;
	if (!fork())
		ask_late(&last);
	return reset_begin(&first) < 0 ? EIO : 0;
}

static bool is_stopped(unsigned int nth)
{
	struct card card;

	return !card_find(nth, &card) && !card_is_master(&card);
}

/* If the first kernel ended before the request did, the test shows nothing. */
static bool was_asked_late(unsigned int nth)
{
	unsigned char value = 0;
	struct card card;

	return !card_find(nth, &card) && !card_note(&card, true, &value) &&
	       value == ASKED;
}

/* Run in the new kernel. */
static void look_at_cards(void)
{
	unsigned int i;

	for (i = 0; i < scenes_count(); i++)
		ksft_test_result(is_stopped(i), "kexec.%s\n", scene_name(i));
	ksft_test_result(was_asked_late(i) && is_stopped(i),
			 "kexec.late_request\n");
	printf("@end kexec 0\n@done\n");
	reboot_by(LINUX_REBOOT_CMD_POWER_OFF);
}

int main(void)
{
	int err;

	if (getpid() == 1) {
		set_up_results();
		look_at_cards();
	}
	ksft_print_header();
	ksft_set_plan(scenes_count() + 1);
	err = load_kernel();
	if (err)
		ksft_exit_fail_msg("load a kernel: %s\n", strerror(err));
	if (scenes_begin())
		ksft_exit_fail_msg("cards in all states\n");
	err = begin_late_request();
	if (err)
		ksft_exit_fail_msg("a late request: %s\n", strerror(err));
	reboot_by(LINUX_REBOOT_CMD_KEXEC);
	ksft_exit_fail_msg("kexec: %s\n", strerror(errno));
}
