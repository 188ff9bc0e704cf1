/* SPDX-License-Identifier: Apache-2.0
 *
 * A line for each step, and one for each lane that is drained. */
#include "worker/commands/scale_progress.h"

#include <stdio.h>

const char *scale_doing(enum change_step step)
{
    switch (step) {
    case CHANGE_RETIRE:
        return "waiting for older lanes to go";
    case CHANGE_DECLARE:
        return "declaring the new lanes";
    case CHANGE_BIND:
        return "leading jobs to the old and the new lanes";
    case CHANGE_UNBIND:
        return "leading jobs to the new lanes alone";
    case CHANGE_MARK:
        return "marking where the old lanes end";
    case CHANGE_DRAIN:
        return "draining the old lanes";
    }
    return "";
}

static void say_workers(struct postgres *postgres)
{
    struct error unknown = {0};
    uint32_t workers = 1;
    if (change_workers(postgres, &workers, &unknown) && workers == 0) {
        (void)fprintf(stderr, "till scale: no worker runs: the lanes wait for one\n");
    }
}

void scale_progress_note(struct scale_progress *progress, struct postgres *postgres,
                         const struct lanes_change *change, uint64_t now_ms)
{
    struct lanes_change *said = &progress->said;
    const bool new_step = said->generation != change->generation || said->step != change->step;
    if (!new_step && said->drained == change->drained && said->decided == change->decided) {
        return;
    }
    progress->moved_ms = now_ms;
    if (new_step && change->step != CHANGE_DRAIN) {
        (void)fprintf(stderr, "till scale: %s\n", scale_doing(change->step));
    } else if (change->step == CHANGE_DRAIN && (new_step || said->drained != change->drained)) {
        (void)fprintf(stderr, "till scale: %s: %u of %u\n", scale_doing(change->step),
                      change->drained, change->source_lanes);
    }
    if (new_step && change->step == CHANGE_DRAIN) {
        say_workers(postgres);
    }
    *said = *change;
}

void scale_progress_trouble(struct scale_progress *progress, const struct error *error)
{
    if (!progress->trouble_said) {
        (void)fprintf(stderr, "till scale: %s; trying again\n", error->text);
        progress->trouble_said = true;
    }
}
