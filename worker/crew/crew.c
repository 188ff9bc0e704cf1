/* SPDX-License-Identifier: Apache-2.0
 *
 * Starts the lanes of a worker and ends them. */
#include "worker/crew/crew.h"

#include <stdlib.h>

static void end_lanes(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->lane_count; i++) {
        lane_thread_drain(&crew->lanes[i]);
    }
    for (uint32_t i = 0; i < crew->lane_count; i++) {
        lane_thread_close(&crew->lanes[i]);
    }
    free(crew->lanes);
}

bool crew_open(struct crew *crew, const struct lane_duty *duty, uint32_t lane_count,
               struct error *error)
{
    *crew = (struct crew){.duty = *duty};
    crew->lanes = calloc(lane_count, sizeof crew->lanes[0]);
    if (crew->lanes == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for %u lanes", lane_count);
    }
    if (!replies_open(&crew->replies, duty->url, duty->config->namespace.value, error)) {
        free(crew->lanes);
        return false;
    }
    crew->duty.replies = &crew->replies;
    for (uint32_t i = 0; i < lane_count; i++) {
        if (!lane_thread_open(&crew->lanes[i], &crew->duty, i, error)) {
            crew_close(crew);
            return false;
        }
        crew->lane_count++;
    }
    return true;
}

void crew_close(struct crew *crew)
{
    end_lanes(crew);
    replies_close(&crew->replies);
}
