/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the keeper share, and nobody else needs: the steps of a look. */
#pragma once

#include "worker/crew/keeper.h"

#define SETTLE_MS 1000u /* until others have shared out by the same list */

/* Takes a list of the living, and maybe adopts it: what lanes are shared out by changes when two
 * looks agree on it. The list is the keeper's from then on. */
void keeper_agree(struct keeper *keeper, struct roster_list *list, uint64_t now_ms);

/* Shares out the lanes of all generations that are served, and begins those of this worker. */
bool keeper_share(struct keeper *keeper, struct error *error) MUST_CHECK;

/* Steps aside, leaves and ends, where it is time. */
bool keeper_hand_over(struct keeper *keeper, struct error *error) MUST_CHECK;
