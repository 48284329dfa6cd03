// SPDX-License-Identifier: GPL-2.0-only
/* Allocations that fail while the module is loaded. */
#include "lib-inject.h"
#include "lib-scene.h"

#include <sys/syscall.h>

/* Skip the kernel's own points of loading: these are in the module's init function. */
#define LOAD_POINTS	160

/*
 * The module is loaded for a card that no machine has. With driver_override set, the
 * load would probe this card.
 */
static int before_load(struct rig *rig)
{
	int err = attr_write(pci_attr(&rig->card, "driver_override"), "\n");

	if (!err && syscall(SYS_delete_module, "pcibuf", O_NONBLOCK))
		err = errno;
	return err ? err : ready(rig, "/pcibuf.ko", O_RDONLY, "");
}

static int run_load(struct rig *rig)
{
	const char *args = getenv("PCIBUF_MODARGS");

	args = pathf("%s ids=1234:ffff", args ? args : "");
	return syscall(SYS_finit_module, rig->file, args, 0) ? errno : 0;
}

static const struct op load_op = {
	.name = "load of the module", .first = LOAD_POINTS, .before = before_load, .run = run_load,
	.after = after_bind
};

TEST_F_TIMEOUT(inject, load, 600)
{
	sweep(_metadata, &self->rig, &load_op);
}

TEST_HARNESS_MAIN
