// SPDX-License-Identifier: GPL-2.0-only
/* One event in one state: the conditions before, after and at the end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib-scene.h"

/* Check what most states have: the hold of this process, and the helpers. */
int scene_look(struct scene *scene, enum outcome outcome)
{
	return hold_check(&scene->own, outcome) + helpers_check(scene, outcome);
}

int scene_drop(struct scene *scene)
{
	return hold_drop(&scene->own) + helpers_end(scene);
}

/* Make a buffer with a stamp on each page. No process has it open. */
static int make_buffer(const struct card *card)
{
	struct hold hold;
	int err;

	err = card_write(card, "alloc_sg", "%lu " SCENE_BUFFER, SCENE_SIZE);
	if (!err)
		err = hold_open(&hold, card, O_RDWR);
	if (!err)
		err = hold_map(&hold);
	if (err)
		return err;
	hold_stamp(&hold);
	return hold_drop(&hold);
}

/* Return 0 or an errno. */
int scene_begin(struct scene *scene, const struct state *state,
		const struct card *card)
{
	int err;

	memset(scene, 0, sizeof(*scene));
	scene->own.fd = -1;
	scene->card = card;
	snapshot(card, &scene->before);
	err = make_buffer(card);
	if (err)
		return err;
	snprintf(scene->node, sizeof(scene->node), "%s",
		 buf_node(card, SCENE_BUFFER));
	err = differs("bus master with a buffer", 1, card_is_master(card));
	return err ? EIO : state->begin(scene);
}

/* The old node does not open, and the memory is free unless pages are held. */
static int check_taken(struct scene *scene, const struct state *state,
		       enum outcome outcome)
{
	int fd = open(scene->node, O_RDWR | O_CLOEXEC);
	int wrong = differs("descriptor of the old node", -1, fd);

	if (state->busy && outcome == REVOKED)
		return wrong;
	if (!state->pinned)
		return wrong + differs("memory is back", 1,
				       memory_is_back(&scene->before));
	if (coherent_forced())
		return wrong;
	return wrong + differs("memory is still held", 1,
			       memory_is_out(&scene->before));
}

/* Return the number of errors after the event. */
int scene_check(struct scene *scene, const struct state *state,
		enum outcome outcome)
{
	int wrong = state->check(scene, outcome);
	int master = card_is_master(scene->card);

	if (outcome == KEPT)
		return wrong + differs("bus master afterwards", 1, master) +
		       differs("interrupt line is off", 1,
			       card_is_quiet(scene->card));
	/* There may be no card to ask. */
	if (outcome == CARD_GONE || !state->busy)
		wrong += differs("bus master afterwards", 0, master > 0);
	return wrong + check_taken(scene, state, outcome);
}

/* A buffer with the same name and index works, and has another node. */
static int check_again(struct scene *scene)
{
	const struct card *card = scene->card;
	int err, wrong;

	err = card_write(card, "alloc", "%lu " SCENE_BUFFER, 4 * KIB);
	wrong = differs("errno of alloc", 0, err);
	wrong += differs("index", 0, attr_u64(buf_attr(card, SCENE_BUFFER,
						       "index")));
	wrong += differs("bus master again", 1, card_is_master(card));
	wrong += differs("node is another", 1,
			 !!strcmp(scene->node, buf_node(card, SCENE_BUFFER)));
	return wrong + differs("errno of free", 0,
			       card_write(card, "free", SCENE_BUFFER));
}

/* Release everything, after the card was bound again. */
int scene_leave(struct scene *scene, const struct state *state,
		enum outcome outcome)
{
	int wrong = 0;

	if (outcome == CARD_GONE || (outcome == REVOKED && !state->busy))
		wrong += check_again(scene);
	wrong += state->end(scene);
	wrong += differs("errno of reset", 0, card_reset(scene->card));
	return wrong + differs("bus master at the end", 0,
			       card_is_master(scene->card));
}

/* Release everything. Nothing may be left. */
int scene_end(struct scene *scene, const struct state *state,
	      enum outcome outcome)
{
	return scene_leave(scene, state, outcome) +
	       snapshot_changes(scene->card, &scene->before);
}
