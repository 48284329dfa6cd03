// SPDX-License-Identifier: GPL-2.0-only
/* Memory that no card can reach, and VFIO, which maps such memory for a card. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define NR_HUGEPAGES	"/proc/sys/vm/nr_hugepages"
#define VFIO_IOVA	(4 * GIB)

/*
 * Return an address with @size free bytes. Kernels before 6.7 do not align
 * mappings themselves.
 */
void *place(size_t size, enum where where)
{
	size_t room = size + 2 * HUGE;
	char *at = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (at == MAP_FAILED)
		return NULL;
	munmap(at, room);
	if (where == ANYWHERE)
		return NULL;
	return at + (-(uintptr_t)at & (HUGE - 1)) + (where == ODD ? PAGE : 0);
}

int map_area(struct area *area, int flags)
{
	if (area->reserved)
		flags |= MAP_FIXED_NOREPLACE;
	area->mem = mmap(area->reserved, area->size, PROT_READ | PROT_WRITE, flags,
			 area->fd, 0);
	return area->mem == MAP_FAILED ? errno : 0;
}

void unmap_area(struct area *area)
{
	munmap(area->mem, area->size);
}

int no_make(struct area *area)
{
	(void)area;
	return 0;
}

void no_drop(struct area *area)
{
	(void)area;
}

static int map_advised(struct area *area, int advice)
{
	int err = map_area(area, MAP_PRIVATE | MAP_ANONYMOUS);

	if (!err && madvise(area->mem, area->size, advice))
		err = errno;
	return err;
}

static int map_4k(struct area *area)
{
	return map_advised(area, MADV_NOHUGEPAGE);
}

static int map_thp(struct area *area)
{
	return map_advised(area, MADV_HUGEPAGE);
}

static int map_populated(struct area *area)
{
	return map_area(area,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE);
}

static unsigned long huge_pages(void)
{
	FILE *file = fopen(NR_HUGEPAGES, "re");
	unsigned long nr = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &nr) != 1)
		nr = 0;
	fclose(file);
	return nr;
}

static void set_huge_pages(unsigned long nr)
{
	FILE *file = fopen(NR_HUGEPAGES, "we");

	if (!file)
		return;
	fprintf(file, "%lu\n", nr);
	fclose(file);
}

static void drop_hugetlb(struct area *area)
{
	set_huge_pages(area->others);
}

/* Reserve huge pages in addition to those that others reserved. */
static int make_hugetlb(struct area *area)
{
	unsigned long all;

	area->others = huge_pages();
	all = area->others + area->size / HUGE;
	set_huge_pages(all);
	if (huge_pages() == all)
		return 0;
	drop_hugetlb(area);
	return ENOMEM;
}

static int map_hugetlb(struct area *area)
{
	return map_area(area, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
}

static int make_memfd(struct area *area)
{
	area->fd = memfd_create("bench", MFD_CLOEXEC);
	if (area->fd < 0)
		return errno;
	return ftruncate(area->fd, area->size) ? errno : 0;
}

static int map_shared(struct area *area)
{
	return map_area(area, MAP_SHARED);
}

static void drop_memfd(struct area *area)
{
	close(area->fd);
}

/* Make a container with the card's group, once. Return -1 if that fails. */
static int vfio_container(void)
{
	static int container = -1, group = -1;
	char path[PATH_MAX], link[PATH_MAX] = "";

	if (container >= 0 || !options.vfio)
		return container;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 options.vfio);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return -1;
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(link, '/'));
	group = open(path, O_RDWR | O_CLOEXEC);
	container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (group >= 0 && container >= 0 &&
	    !ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) &&
	    !ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return container;
	close(group);
	close(container);
	container = -1;
	return -1;
}

static int vfio_map(struct area *area)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)area->mem,
		.iova = VFIO_IOVA,
		.size = area->size,
	};

	return ioctl(vfio_container(), VFIO_IOMMU_MAP_DMA, &map) ? errno : 0;
}

/* The memory is mapped and pinned here, so that @map costs nothing. */
static int make_vfio(struct area *area)
{
	int err;

	if (vfio_container() < 0)
		return ENODEV;
	err = map_thp(area);
	if (err)
		return err;
	err = vfio_map(area);
	if (err)
		unmap_area(area);
	return err;
}

static void drop_vfio(struct area *area)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = VFIO_IOVA,
		.size = area->size,
	};

	ioctl(vfio_container(), VFIO_IOMMU_UNMAP_DMA, &unmap);
	unmap_area(area);
}

static int already_mapped(struct area *area)
{
	(void)area;
	return 0;
}

const struct way anon_ways[] = {
	{ "anon-4k", ALIGNED, no_make, map_4k, unmap_area, no_drop, false },
	{ "anon-thp", ALIGNED, no_make, map_thp, unmap_area, no_drop, false },
	{ "anon-populate", ALIGNED, no_make, map_populated, unmap_area, no_drop, false },
	{ "hugetlbfs", ANYWHERE, make_hugetlb, map_hugetlb, unmap_area, drop_hugetlb,
	  false },
	{ "memfd", ALIGNED, make_memfd, map_shared, unmap_area, drop_memfd, true },
	{ "vfio", ALIGNED, make_vfio, already_mapped, no_drop, drop_vfio, false },
	{ }
};
