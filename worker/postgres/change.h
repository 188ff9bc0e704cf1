/* SPDX-License-Identifier: Apache-2.0
 *
 * What the database knows of a change of the number of lanes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "worker/change/change.h"

struct postgres;

#define CHANGE_DRIVER_MAX 192u /* bytes of a driver's name, with the NUL */

/* Who drives a change, for people. */
struct change_lease {
    char driver[CHANGE_DRIVER_MAX]; /* empty: nobody yet */
    bool alive;                     /* it was seen just now */
};

/* Begins a change to so many lanes, by this driver, unless one is open or the current generation
 * has as many: look what there is afterwards. */
bool change_begin(struct postgres *postgres, uint32_t lanes, const char *driver,
                  struct error *error) MUST_CHECK;

/* The change that is open; generation 0: none is. */
bool change_read(struct postgres *postgres, struct lanes_change *change, struct change_lease *lease,
                 struct error *error) MUST_CHECK;

/* The same, and takes the lease if it is free, or renews it. */
bool change_take(struct postgres *postgres, const char *driver, struct lanes_change *change,
                 struct error *error) MUST_CHECK;

/* See change_ops. */
bool change_record(struct postgres *postgres, const struct lanes_change *change,
                   enum change_step next, struct error *error) MUST_CHECK;
bool change_finish(struct postgres *postgres, const struct lanes_change *change,
                   struct error *error) MUST_CHECK;

/* Whether entries may lead to a generation: it is the current one, and no change has taken them
 * away; or it is the coming one. */
bool change_leads_to(struct postgres *postgres, uint32_t generation, bool *leads,
                     struct error *error) MUST_CHECK;

#define GENERATIONS_MAX 64u

/* Generations before this one of which something may be left on the broker, the newest first, so
 * many at most. */
bool change_older(struct postgres *postgres, uint32_t generation, uint32_t older[GENERATIONS_MAX],
                  uint32_t *count, struct error *error) MUST_CHECK;

/* Of each of so many lanes how many jobs a second it decides, as its worker says; 0: not known. */
bool change_rates(struct postgres *postgres, uint32_t generation, uint32_t lanes, double *rates,
                  struct error *error) MUST_CHECK;

/* Workers that were seen lately. */
bool change_workers(struct postgres *postgres, uint32_t *workers, struct error *error) MUST_CHECK;
