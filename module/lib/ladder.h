/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ladder: what an allocation in pieces tries next.
 *
 * Pure: no allocation, so that tests/unit compiles it on the host.
 */
#ifndef PCIBUF_LADDER_H
#define PCIBUF_LADDER_H

#include <linux/types.h>

/**
 * enum pcibuf_rung - what is tried for the next part of a buffer
 * @PCIBUF_RUNG_PAGE: a page of the ladder's order
 * @PCIBUF_RUNG_PIECE: a contiguous piece, which others are moved out of
 * @PCIBUF_RUNG_LOW: a page of the ladder's order, also from the narrowest zone
 * @PCIBUF_RUNG_END: nothing is left to try
 */
enum pcibuf_rung {
	PCIBUF_RUNG_PAGE,
	PCIBUF_RUNG_PIECE,
	PCIBUF_RUNG_LOW,
	PCIBUF_RUNG_END,
};

/**
 * struct pcibuf_ladder - state of an allocation in pieces
 * @rung: what to try now
 * @order: order of the pages to ask for. Where there is no page of an order there is
 *	soon none again, so the order falls
 * @top: the largest order
 * @wait: base pages to take in smaller pages before @top is tried again
 * @waited: how many of them were taken
 * @left: base pages still wanted
 * @piece: base pages of the largest piece that is worth a try; 0 where pieces do
 *	not help
 * @pieces: how many more pieces may be taken
 * @step: a piece is a multiple of this, in base pages
 * @low: the narrowest zone is still kept for the end
 */
struct pcibuf_ladder {
	enum pcibuf_rung rung;
	unsigned int order;
	unsigned int top;
	unsigned long wait;
	unsigned long waited;
	unsigned long left;
	unsigned long piece;
	unsigned int pieces;
	unsigned long step;
	bool low;
};

void pcibuf_ladder_begin(struct pcibuf_ladder *ladder, unsigned long left);
unsigned long pcibuf_ladder_nr(const struct pcibuf_ladder *ladder);
void pcibuf_ladder_took(struct pcibuf_ladder *ladder);
void pcibuf_ladder_failed(struct pcibuf_ladder *ladder);
void pcibuf_ladder_no_pieces(struct pcibuf_ladder *ladder);
void pcibuf_ladder_over_quota(struct pcibuf_ladder *ladder);

#endif /* PCIBUF_LADDER_H */
