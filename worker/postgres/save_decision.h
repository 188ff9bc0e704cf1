/* SPDX-License-Identifier: Apache-2.0
 *
 * Records decisions. */
#pragma once

#include "worker/postgres/database.h"

/* Adds the new decisions to the trip, in how many statements it takes; returns how many there are.
 */
uint32_t save_decisions(struct postgres_database *database, const struct record *record);
