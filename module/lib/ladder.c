// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ladder: what an allocation in pieces tries next.
 *
 * First a page of the largest order that fits. Then, for a card that reaches only
 * a part of the memory, a contiguous piece, as large as can be had, before the
 * narrowest zone is asked, which is kept for cards that reach no other. Then a page
 * of the next smaller order. Others may free memory in the meantime: after many small
 * pages, the largest order is tried once more.
 */
#include <linux/kernel.h>

#include "lib/ladder.h"

/* The largest order of which one page is not more than @nr base pages. */
static unsigned int order_of(unsigned long nr)
{
	unsigned int order = 0;

	while (nr >>= 1)
		order++;
	return order;
}

static bool has_pieces(const struct pcibuf_ladder *ladder)
{
	return ladder->piece && ladder->pieces;
}

static void next_order(struct pcibuf_ladder *ladder)
{
	if (!ladder->order) {
		ladder->rung = PCIBUF_RUNG_END;
		return;
	}
	ladder->order--;
	ladder->rung = PCIBUF_RUNG_PAGE;
}

static void after_pieces(struct pcibuf_ladder *ladder)
{
	if (ladder->low)
		ladder->rung = PCIBUF_RUNG_LOW;
	else
		next_order(ladder);
	ladder->low = false;
}

/* Each try in vain doubles the wait for the next: so there are few of them. */
static void climb(struct pcibuf_ladder *ladder)
{
	ladder->order = ladder->top;
	ladder->waited = 0;
	ladder->wait *= 2;
}

/**
 * pcibuf_ladder_begin() - begin with the next part of the buffer
 * @ladder: order, top, wait, piece, pieces, step and low are set; piece only falls
 * @left: base pages still wanted, not 0
 */
void pcibuf_ladder_begin(struct pcibuf_ladder *ladder, unsigned long left)
{
	ladder->left = left;
	if (ladder->waited >= ladder->wait)
		climb(ladder);
	ladder->order = min(ladder->order, order_of(left));
	ladder->rung = PCIBUF_RUNG_PAGE;
}

/**
 * pcibuf_ladder_nr() - how much to ask for now
 * @ladder: begun
 *
 * Return: base pages.
 */
unsigned long pcibuf_ladder_nr(const struct pcibuf_ladder *ladder)
{
	if (ladder->rung == PCIBUF_RUNG_PIECE)
		return min(ladder->left, ladder->piece);
	return 1UL << ladder->order;
}

/**
 * pcibuf_ladder_took() - what was asked for was had
 * @ladder: pcibuf_ladder_begin() is due for the next part
 */
void pcibuf_ladder_took(struct pcibuf_ladder *ladder)
{
	if (ladder->rung == PCIBUF_RUNG_PIECE)
		ladder->pieces--;
	else if (ladder->order < ladder->top)
		ladder->waited += 1UL << ladder->order;
}

/**
 * pcibuf_ladder_failed() - there is no such memory
 * @ladder: its rung is the next thing to try
 */
void pcibuf_ladder_failed(struct pcibuf_ladder *ladder)
{
	switch (ladder->rung) {
	case PCIBUF_RUNG_PAGE:
		if (has_pieces(ladder))
			ladder->rung = PCIBUF_RUNG_PIECE;
		else
			after_pieces(ladder);
		break;
	case PCIBUF_RUNG_PIECE:
		ladder->piece = pcibuf_ladder_nr(ladder) / 2;
		ladder->piece -= ladder->piece % ladder->step;
		if (!ladder->piece)
			after_pieces(ladder);
		break;
	default:
		next_order(ladder);
	}
}

/**
 * pcibuf_ladder_no_pieces() - a piece would not be the caller's to have
 * @ladder: at its piece; its rung is the next thing to try
 */
void pcibuf_ladder_no_pieces(struct pcibuf_ladder *ladder)
{
	ladder->piece = 0;
	after_pieces(ladder);
}

/**
 * pcibuf_ladder_over_quota() - new memory of that size is over a quota
 * @ladder: its rung is the next thing to try
 *
 * Smaller pages may be in quarantine, which cost nothing.
 */
void pcibuf_ladder_over_quota(struct pcibuf_ladder *ladder)
{
	next_order(ladder);
}
