/* SPDX-License-Identifier: Apache-2.0
 *
 * The real sides of keeping lanes: the lists in the database, and the threads of the lanes. */
#pragma once

#include "worker/crew/keeper.h"
#include "worker/duty/keep.h"

/* self: a struct keeper. */
extern const struct keep_ops keeper_ops;
