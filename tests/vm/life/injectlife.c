// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail while a card is bound and unbound. This program also looks for
 * pages that these tests, or the programs before it, have lost.
 */
#include "lib-inject.h"

/* Bind a card. Unbind it with one buffer in use and one parked. */
static int before_bind(struct rig *rig)
{
	int err = card_unbind(&rig->card);

	return err ? err : ready(rig, PCI_DIR "/drivers/pcibuf/bind", O_WRONLY,
				 rig->card.bdf);
}

static const struct op bind_op = {
	.name = "bind", .before = before_bind, .run = run_store,
	.after = after_bind
};

TEST_F_TIMEOUT(inject, bind, 240)
{
	sweep(_metadata, &self->rig, &bind_op);
}

static int before_unbind(struct rig *rig)
{
	int err = buf_make(&rig->card, "alloc_sg", rig->op->size, "rx",
			   &rig->rx);

	if (!err)
		err = park(rig);
	if (err)
		return err;
	memset(rig->rx.mem, 0xa5, rig->op->size);
	return ready(rig, PCI_DIR "/drivers/pcibuf/unbind", O_WRONLY,
		     rig->card.bdf);
}

static int after_unbind(struct rig *rig)
{
	int sig = touch(rig->rx.mem);

	close(rig->file);
	buf_put(&rig->rx);
	if (sig != SIGBUS || card_is_master(&rig->card))
		return EEXIST;
	return card_get(0, &rig->card);
}

static const struct op unbind_op = {
	.name = "unbind", .size = ODD, .before = before_unbind,
	.run = run_store, .after = after_unbind
};

TEST_F_TIMEOUT(inject, unbind, 240)
{
	sweep(_metadata, &self->rig, &unbind_op);
}

static int before_irqs(struct rig *rig)
{
	int err = card_write(&rig->card, "irq_type", "msi");

	return err ? err : ready(rig, card_attr(&rig->card, "nr_irqs"), O_WRONLY,
				 "1");
}

/* The kernel does not always say that it was memory that lacked for an MSI. */
static int run_irqs(struct rig *rig)
{
	int err = run_store(rig);

	return err == EOPNOTSUPP ? ENOMEM : err;
}

static int after_irqs(struct rig *rig)
{
	int err = card_write(&rig->card, "nr_irqs", "0");

	close(rig->file);
	return err ? err : card_write(&rig->card, "irq_type", "auto");
}

static int before_irq(struct rig *rig)
{
	int err = card_write(&rig->card, "nr_irqs", "1");

	snprintf(rig->text, sizeof(rig->text), "%s", irq_node(&rig->card, 0));
	return err;
}

static int run_irq(struct rig *rig)
{
	rig->file = open(rig->text, O_RDONLY | O_CLOEXEC);
	return rig->file < 0 ? errno : 0;
}

static const struct op irq_ops[] = {
	{ .name = "nr_irqs", .before = before_irqs, .run = run_irqs,
	  .after = after_irqs },
	{ .name = "open of an interrupt", .before = before_irq, .run = run_irq,
	  .after = after_irqs },
};

TEST_F_TIMEOUT(inject, interrupts, 240)
{
	sweep(_metadata, &self->rig, &irq_ops[0]);
	sweep(_metadata, &self->rig, &irq_ops[1]);
}

/*
 * page_owner makes the kernel record who allocated each page. A page of small objects
 * does not count, even if the driver caused its allocation; nor does a page of the
 * IOMMU's or the kernel's page tables. The kernel keeps such a page for other uses.
 */
static bool is_ours(FILE *file)
{
	static const char *const others[] = {
		"slab", "kasan", "iommu_map", "__pte_alloc_kernel",
	};
	bool ours = false, other = false;
	char lines[64][256];
	int i, nr = 0;

	while (nr < 64 && fgets(lines[nr], sizeof(lines[nr]), file) &&
	       *lines[nr] != '\n') {
		for (i = 0; i < 4; i++)
			other |= !!strstr(lines[nr], others[i]);
		ours |= !!strstr(lines[nr++], "[pcibuf]");
	}
	for (i = 0; i < nr && ours && !other; i++)
		printf("# %s", lines[i]);
	return ours && !other;
}

#define PAGE_OWNER	"/sys/kernel/debug/page_owner"

static int pages_of_ours(void)
{
	FILE *file = fopen(PAGE_OWNER, "re");
	int pages = 0;

	if (!file)
		return -1;
	while (!feof(file))
		pages += is_ours(file);
	fclose(file);
	return pages;
}

/* By now every allocation has failed once, in the same loaded module. */
TEST_F_TIMEOUT(inject, no_page_is_lost, 120)
{
	struct buf rx;

	if (access(PAGE_OWNER, F_OK))
		SKIP(return, "this kernel does not record who allocates pages");
	EXPECT_EQ(0, pages_of_ours());
	ASSERT_EQ(0, buf_make(&self->rig.card, "alloc", PAGE, "rx", &rx));
	EXPECT_EQ(1, pages_of_ours());
	buf_put(&rx);
}

TEST_HARNESS_MAIN
