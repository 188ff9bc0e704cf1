/* SPDX-License-Identifier: Apache-2.0
 *
 * A demonstration: what it was asked for, and what became of it. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "worker/commands/demo_account.h"
#include "worker/commands/demo_crew.h"
#include "worker/commands/demo_front.h"
#include "worker/commands/demo_place.h"
#include "worker/commands/demo_screen.h"

/* Large: keep it static. */
struct demo {
    uint32_t buyers;
    uint32_t units;
    uint32_t workers;
    uint32_t wait_seconds; /* for something new, before it is given up */
    bool keep;
    bool as_json;
    sigset_t signals; /* that end it; blocked in every thread */
    struct demo_screen screen;
    struct demo_place place;
    struct demo_crew crew;
    struct demo_fronts fronts;
    struct demo_account account;

    /* The worker that was killed. */
    char victim[DEMO_WORKER_NAME_MAX];
    uint32_t in_hand;    /* jobs, about */
    int64_t killed_us;   /* 0: not yet */
    int64_t takeover_us; /* until another one's first decision was heard; 0: none was */
};

/* Sets the place up, holds the sale, draws up the account. What has been begun is in *demo also on
 * failure, for the caller to end. */
bool demo_hold(struct demo *demo, const struct config *config, struct error *error) MUST_CHECK;

/* Prints the account on stdout, for people or as one JSON object. */
void demo_report(const struct demo *demo);

/* Prints how to submit a first job to the namespace. */
void demo_guide(const char *namespace);
