// SPDX-License-Identifier: GPL-2.0-only
/*
 * For events of the whole machine: one card for each state of lib-states.c, and the last
 * card without a buffer.
 */
#include <stdio.h>
#include <string.h>

#include "lib-scene.h"

static struct card cards[MAX_SCENES];
static struct scene scenes[MAX_SCENES];

/* Return the number of cards that this needs. */
unsigned int scenes_count(void)
{
	unsigned int nr = 0;

	while (states[nr])
		nr++;
	return nr + 1;
}

const char *scene_name(unsigned int nth)
{
	return states[nth] ? states[nth]->name : "empty";
}

const char *scene_cannot(unsigned int nth)
{
	return states[nth] && states[nth]->cannot ? states[nth]->cannot() :
						    NULL;
}

/* Return 0 or an errno. */
static int begin_one(unsigned int nth)
{
	struct card *card = &cards[nth];
	int err = card_get(nth, card);

	if (!err)
		err = card_write(card, "dma_mask_bits", "64");
	if (err || !states[nth] || scene_cannot(nth))
		return err;
	return scene_begin(&scenes[nth], states[nth], card);
}

int scenes_begin(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < scenes_count(); i++) {
		err = begin_one(i);
		if (err)
			printf("# %s: %s\n", scene_name(i), strerror(err));
	}
	return err;
}

int scene_check_kept(unsigned int nth)
{
	if (states[nth])
		return scene_check(&scenes[nth], states[nth], KEPT);
	return differs("bus master without a buffer", 0,
		       card_is_master(&cards[nth]));
}

/* Allow for the memory that the event itself took while all cards were in use. */
void scenes_cost(__u64 bytes)
{
	unsigned int i;

	for (i = 0; i < scenes_count(); i++)
		scenes[i].before.available -= bytes;
}

/*
 * End the scenes from the last to the first, because each scene began with the buffers
 * of the scenes before it. A scene that follows a busy state cannot compare memory,
 * because the busy state allocates buffers all the time. Memory that such a scene loses
 * is found when the busy state ends.
 */
int scene_end_kept(unsigned int nth)
{
	if (!states[nth])
		return 0;
	if (nth && states[nth - 1]->busy)
		return scene_leave(&scenes[nth], states[nth], KEPT);
	return scene_end(&scenes[nth], states[nth], KEPT);
}
