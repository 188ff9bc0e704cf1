/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of a new decision, each with the movement that belongs to it: the first in columns, the
 * others as JSON. */
#pragma once

#include "worker/lane/decide.h"
#include "worker/postgres/parameters.h"
#include "worker/postgres/stored_line.h"

/* Without a SKU if the decision has no line. */
struct stored_line movement_first_line(const struct result *result);

/* The lines behind the first, and those of the hold that was replaced, as one element of an array;
 * NULL: there are none. */
void movement_put_more(const struct result *result, struct parameters *parameters);
void movement_put_released(const struct result *result, struct parameters *parameters);
