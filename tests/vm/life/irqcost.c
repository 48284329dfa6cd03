// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an interrupt costs until the program that waits for it has it: pcibuf, beside
 * uio_pci_generic with INTx, and beside vfio-pci with an eventfd. The same card and the
 * same two processes in each case. Needs a guest whose time counts instructions, with
 * one processor, and an IOMMU for vfio-pci.
 */
#include <kselftest_harness.h>

#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <signal.h>
#include <time.h>

#include "lib.h"

#define ROUNDS		1000
#define WARM_UP		100
#define ALLOWED		1.05	/* of the best */

/* A way to wait for an interrupt of the card. */
struct way {
	const char *name;
	const char *driver;
	const char *type;
	int (*open)(struct way *way, const struct card *card);
	int (*wait)(struct way *way);
	int fd;
	int config;
	int device;
	struct edu edu;
	double cost;	/* ns of guest time: from the register to the program */
};

static __u64 now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static int bind_to(const struct card *card, const char *driver)
{
	int err = attr_write(pci_attr(card, "driver_override"), driver);

	attr_write(pci_attr(card, "driver/unbind"), card->bdf);
	return err ? err : attr_write(PCI_DIR "/drivers_probe", card->bdf);
}

static int open_pcibuf(struct way *way, const struct card *card)
{
	int err = card_write(card, "alloc", "4K rx");

	if (!err)
		err = card_write(card, "irq_type", way->type);
	if (!err)
		err = card_write(card, "nr_irqs", "1");
	way->fd = irq_open(card, 0, O_RDONLY);
	return err ? err : way->fd < 0 ? errno : edu_open(card, &way->edu);
}

static int wait_pcibuf(struct way *way)
{
	__u64 count;

	return read(way->fd, &count, sizeof(count)) == sizeof(count) ? 0 : EIO;
}

static int open_uio(struct way *way, const struct card *card)
{
	way->fd = open("/dev/uio0", O_RDWR | O_CLOEXEC);
	way->config = open(pci_attr(card, "config"), O_RDWR | O_CLOEXEC);
	return way->fd < 0 ? errno : edu_open(card, &way->edu);
}

/* uio_pci_generic masks INTx. A write to the configuration ends that. */
static int wait_uio(struct way *way)
{
	__u16 command;
	__u32 count;

	if (pread(way->config, &command, 2, PCI_COMMAND) != 2)
		return EIO;
	command &= ~PCI_COMMAND_INTX_DISABLE;
	if (pwrite(way->config, &command, 2, PCI_COMMAND) != 2)
		return EIO;
	return read(way->fd, &count, sizeof(count)) == sizeof(count) ? 0 : EIO;
}

struct vfio_set {
	struct vfio_irq_set head;
	int fd;
};

static int vfio_set(struct way *way, __u32 index, __u32 flags, bool with_fd)
{
	struct vfio_set set = {
		.head.argsz = sizeof(set.head) + (with_fd ? sizeof(int) : 0),
		.head.flags = flags,
		.head.index = index,
		.head.count = 1,
		.fd = way->fd,
	};

	return ioctl(way->device, VFIO_DEVICE_SET_IRQS, &set) ? errno : 0;
}

static int vfio_device(const struct card *card)
{
	char link[256] = "";
	int container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	int group;

	if (readlink(pci_attr(card, "iommu_group"), link, sizeof(link) - 1) < 0)
		return -1;
	group = open(pathf("/dev/vfio%s", strrchr(link, '/')), O_RDWR | O_CLOEXEC);
	if (group < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -1;
	return ioctl(group, VFIO_GROUP_GET_DEVICE_FD, card->bdf);
}

static int vfio_master(int device)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	__u16 command = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return errno;
	return pwrite(device, &command, 2, info.offset + PCI_COMMAND) == 2 ?
	       0 : errno;
}

static bool is_intx(const struct way *way)
{
	return !strcmp(way->type, "intx");
}

static int open_vfio(struct way *way, const struct card *card)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };

	way->device = vfio_device(card);
	if (way->device < 0 || vfio_master(way->device) ||
	    ioctl(way->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return errno ? errno : EIO;
	way->edu.bar = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    way->device, info.offset);
	way->fd = eventfd(0, EFD_CLOEXEC);
	if ((void *)way->edu.bar == MAP_FAILED || way->fd < 0)
		return errno;
	return vfio_set(way, is_intx(way) ? VFIO_PCI_INTX_IRQ_INDEX :
			VFIO_PCI_MSI_IRQ_INDEX, VFIO_IRQ_SET_DATA_EVENTFD |
			VFIO_IRQ_SET_ACTION_TRIGGER, true);
}

/* vfio-pci masks INTx. A call ends that. */
static int wait_vfio(struct way *way)
{
	__u64 count;

	if (is_intx(way) &&
	    vfio_set(way, VFIO_PCI_INTX_IRQ_INDEX, VFIO_IRQ_SET_DATA_NONE |
		     VFIO_IRQ_SET_ACTION_UNMASK, false))
		return EIO;
	return read(way->fd, &count, sizeof(count)) == sizeof(count) ? 0 : EIO;
}

static struct way ways[] = {
	{ .name = "pcibuf, INTx", .driver = "pcibuf", .type = "intx",
	  .open = open_pcibuf, .wait = wait_pcibuf },
	{ .name = "uio_pci_generic, INTx", .driver = "uio_pci_generic",
	  .type = "intx", .open = open_uio, .wait = wait_uio },
	{ .name = "vfio-pci, INTx", .driver = "vfio-pci", .type = "intx",
	  .open = open_vfio, .wait = wait_vfio },
	{ .name = "pcibuf, MSI", .driver = "pcibuf", .type = "msi",
	  .open = open_pcibuf, .wait = wait_pcibuf },
	{ .name = "vfio-pci, MSI", .driver = "vfio-pci", .type = "msi",
	  .open = open_vfio, .wait = wait_vfio },
};

/* Wait for interrupts, and tell the time of each. */
static void receive(struct way *way, int told)
{
	__u64 time = 0;

	do {
		if (way->wait(way))
			_exit(1);
		time = now();
		edu_acknowledge(&way->edu);
	} while (write(told, &time, sizeof(time)) == sizeof(time));
	_exit(0);
}

static int measure(struct way *way)
{
	int i, told[2], err = 0;
	__u64 time, start, sum = 0;
	pid_t pid;

	if (pipe(told))
		return errno;
	pid = fork();
	if (!pid)
		receive(way, told[1]);
	for (i = 0; !err && i < WARM_UP + ROUNDS; i++) {
		usleep(1000);
		start = now();
		edu_raise(&way->edu);
		if (read(told[0], &time, sizeof(time)) != sizeof(time))
			err = EIO;
		if (i >= WARM_UP)
			sum += time - start;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	way->cost = (double)sum / ROUNDS;
	return err;
}

/* Each way in a process of its own, so that nothing of it is left to the next. */
static int try_way(struct way *way, const struct card *card)
{
	int result[2], status = -1;
	pid_t pid;

	if (bind_to(card, way->driver) || pipe(result))
		return EIO;
	pid = fork();
	if (!pid) {
		int err = way->open(way, card);

		if (!err)
			err = measure(way);
		if (err || write(result[1], &way->cost, sizeof(way->cost)) < 0)
			printf("# %s: %s\n", way->name, strerror(err));
		fflush(stdout);
		_exit(err);
	}
	waitpid(pid, &status, 0);
	if (!status && read(result[0], &way->cost, sizeof(way->cost)) < 0)
		status = EIO;
	close(result[0]);
	close(result[1]);
	return status;
}

/* Is the first of these ways not dearer than the best of the others? */
static bool is_best(unsigned int first, unsigned int others)
{
	unsigned int i;

	for (i = first + 1; i <= first + others; i++)
		if (ways[first].cost > ALLOWED * ways[i].cost)
			return false;
	return true;
}

TEST(an_interrupt_is_not_dearer)
{
	struct card card;
	unsigned int i;

	ASSERT_EQ(0, card_get(0, &card));
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		ASSERT_EQ(0, try_way(&ways[i], &card));
		TH_LOG("%s: %.0f ns", ways[i].name, ways[i].cost);
	}
	EXPECT_TRUE(is_best(0, 2));
	EXPECT_TRUE(is_best(3, 1));
	ASSERT_EQ(0, bind_to(&card, "pcibuf"));
	ASSERT_EQ(0, card_reset(&card));
}

TEST_HARNESS_MAIN
