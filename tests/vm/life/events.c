// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each event of lib-events.c in each state of lib-states.c, each pair as a test. After
 * the event, check what the users of the buffers see, that nothing is lost, whether the
 * card can still write, and that the card works as before. Needs a card behind a port
 * whose hotplug the kernel controls, and the modules pci-stub and aer_inject.
 */
#include <kselftest_harness.h>

#include "lib-scene.h"

FIXTURE(events) {
	struct card card;
};

FIXTURE_VARIANT(events) {
	const char *name;
};

FIXTURE_VARIANT_ADD(events, revoke) { .name = "revoke" };
FIXTURE_VARIANT_ADD(events, unbind) { .name = "unbind" };
FIXTURE_VARIANT_ADD(events, remove) { .name = "remove" };
FIXTURE_VARIANT_ADD(events, unplug) { .name = "unplug" };
FIXTURE_VARIANT_ADD(events, override) { .name = "override" };
FIXTURE_VARIANT_ADD(events, rmmod) { .name = "rmmod" };
FIXTURE_VARIANT_ADD(events, reset) { .name = "reset" };
FIXTURE_VARIANT_ADD(events, nonfatal) { .name = "nonfatal" };
FIXTURE_VARIANT_ADD(events, fatal) { .name = "fatal" };

/*
 * The last event: after an injected error, the kernel reads no real errors of that port.
 */
FIXTURE_VARIANT_ADD(events, corrected) { .name = "corrected" };

FIXTURE_SETUP(events)
{
	ASSERT_EQ(0, card_get(0, &self->card));
	ASSERT_EQ(0, card_write(&self->card, "dma_mask_bits", "64"));
}

FIXTURE_TEARDOWN(events)
{
}

static const char *reason(const struct card *card, const struct event *event,
			  const struct state *state)
{
	const char *why = event->cannot ? event->cannot(card) : NULL;

	return why || !state->cannot ? why : state->cannot();
}

static void check_cell(struct __test_metadata *_metadata,
		       const struct card *card, const struct event *event,
		       const struct state *state)
{
	bool refused = event->held_error && state->held;
	enum outcome outcome = refused ? KEPT : event->outcome;
	const char *why = reason(card, event, state);
	struct scene scene;

	if (why)
		SKIP(return, "%s.%s: %s", event->name, state->name, why);
	ASSERT_EQ(0, scene_begin(&scene, state, card));
	EXPECT_EQ(refused ? event->held_error : 0, event->happen(card));
	EXPECT_EQ(0, scene_check(&scene, state, outcome));
	if (!refused)
		ASSERT_EQ(0, event->undo(card));
	EXPECT_EQ(0, scene_end(&scene, state, outcome));
}

TEST_F_TIMEOUT(events, idle, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("idle"));
}

TEST_F_TIMEOUT(events, open, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("open"));
}

TEST_F_TIMEOUT(events, mapped, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("mapped"));
}

TEST_F_TIMEOUT(events, forked, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("forked"));
}

TEST_F_TIMEOUT(events, passed, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("passed"));
}

TEST_F_TIMEOUT(events, closed, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("closed"));
}

TEST_F_TIMEOUT(events, piped, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("piped"));
}

TEST_F_TIMEOUT(events, uring, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("uring"));
}

TEST_F_TIMEOUT(events, dma, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("dma"));
}

TEST_F_TIMEOUT(events, faulting, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("faulting"));
}

TEST_F_TIMEOUT(events, reading, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("reading"));
}

TEST_F_TIMEOUT(events, allocating, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("allocating"));
}

TEST_F_TIMEOUT(events, freeing, 120)
{
	check_cell(_metadata, &self->card, event_find(variant->name),
		   state_find("freeing"));
}

TEST_HARNESS_MAIN
