// SPDX-License-Identifier: GPL-2.0-only
/* The guest has the expected path between card and memory. */
#include <kselftest_harness.h>

#include "lib.h"

FIXTURE(platform) {
	struct card card;
	char domain[32];	/* of the card's IOMMU group, "" if there is none */
};

FIXTURE_SETUP(platform)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	attr_read(pci_attr(&self->card, "iommu_group/type"), self->domain,
		  sizeof(self->domain));
}

FIXTURE_TEARDOWN(platform)
{
	EXPECT_EQ(0, card_reset(&self->card));
}

static bool runner_said(const char *name, const char *words)
{
	const char *said = getenv(name);

	return said && strstr(said, words);
}

/* Return the start of the domain type that belongs to the runner's name of the IOMMU. */
static const char *expected_domain(void)
{
	if (runner_said("PCIBUF_IOMMU", "pt"))
		return "identity";
	return iommu_translates() ? "DMA" : "";
}

TEST_F(platform, iommu)
{
	const char *domain = expected_domain();

	EXPECT_EQ(0, strncmp(self->domain, domain, strlen(domain)));
	EXPECT_EQ(!*domain, !*self->domain) {
		TH_LOG("\"%s\" for \"%s\"", self->domain, domain);
	}
	EXPECT_EQ(runner_said("PCIBUF_IOMMU", "amd") ? 1 : 0,
		  lines_with("AMD-Vi: Interrupt remapping enabled"));
}

/* Firmware marks the port as external, and the kernel is strict with a card there. */
TEST_F(platform, external)
{
	char text[32] = "";

	if (!runner_said("PCIBUF_CARDS", "@external"))
		SKIP(return, "no card in an external port");
	attr_read(pci_attr(&self->card, "removable"), text, sizeof(text));
	EXPECT_STREQ("removable", text);
	EXPECT_STREQ("DMA", self->domain);
}

static void check_backing(struct __test_metadata *_metadata,
			  const struct card *card, const char *how, bool coherent)
{
	char text[32] = "";

	ASSERT_EQ(0, card_write(card, how, "64K rx"));
	attr_read(buf_attr(card, "rx", "backing"), text, sizeof(text));
	EXPECT_STREQ(coherent ? "coherent" : "pages", text);
	EXPECT_EQ(0, card_write(card, "free", "rx"));
}

/* Pages cannot make one segment for an untrusted card, so alloc takes coherent memory. */
TEST_F(platform, backing)
{
	bool external = runner_said("PCIBUF_CARDS", "@external") &&
			iommu_translates();

	check_backing(_metadata, &self->card, "alloc", external);
	check_backing(_metadata, &self->card, "alloc_sg", false);
}

TEST_HARNESS_MAIN
