/* SPDX-License-Identifier: Apache-2.0
 *
 * New lonely beginnings for a job that was parked for having had too many. */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/span.h"

struct postgres;

/* The name is the one under which a lane counts them (worker/lane/part.h). Only for a job that
 * somebody wants to be tried again: a lane that forgot by itself might crash for ever. */
bool lonely_forget(struct postgres *postgres, struct span name, struct error *error) MUST_CHECK;
