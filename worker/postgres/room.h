/* SPDX-License-Identifier: Apache-2.0
 *
 * Room for connections: each lane has one of its own while there is something to decide. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/connect/postgres.h"

#define ROOM_BESIDE_LANES 6u /* sorter, sweeper, keeper, changer, a command, one more */

/* How many connections the server, the database and the role let us have, those included that are
 * ours already. */
bool room_look(struct postgres *postgres, int64_t *room, struct error *error) MUST_CHECK;
