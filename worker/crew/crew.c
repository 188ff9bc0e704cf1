/* SPDX-License-Identifier: Apache-2.0
 *
 * Starts the threads of a worker and ends them. */
#include "worker/crew/crew.h"

#include <stdlib.h>

static void drain_lanes(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->lane_count; i++) {
        lane_thread_drain(&crew->lanes[i]);
    }
}

static void close_lanes(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->lane_count; i++) {
        lane_thread_close(&crew->lanes[i]);
        summary_add_lane(&crew->summary, &crew->lanes[i]);
    }
    replies_close(&crew->replies);
    free(crew->lanes);
}

/* What has been started when a start fails, it ends again. */
static bool open_lanes(struct crew *crew, uint32_t lane_count, struct error *error)
{
    crew->lanes = calloc(lane_count, sizeof crew->lanes[0]);
    if (crew->lanes == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for %u lanes", lane_count);
    }
    if (!replies_open(&crew->replies, crew->duty.url, crew->duty.config->namespace.value, error)) {
        free(crew->lanes);
        return false;
    }
    crew->duty.replies = &crew->replies;
    for (uint32_t i = 0; i < lane_count; i++) {
        if (!lane_thread_open(&crew->lanes[i], &crew->duty, i, error)) {
            drain_lanes(crew);
            close_lanes(crew);
            return false;
        }
        crew->lane_count++;
    }
    return true;
}

static bool open_aides(struct crew *crew, struct error *error)
{
    if (!sorter_open(&crew->sorter, &crew->duty, error)) {
        return false;
    }
    if (!sweeper_open(&crew->sweeper, &crew->duty, error)) {
        sorter_drain(&crew->sorter);
        sorter_close(&crew->sorter);
        return false;
    }
    return true;
}

bool crew_open(struct crew *crew, const struct lane_duty *duty, uint32_t lane_count,
               struct error *error)
{
    *crew = (struct crew){.duty = *duty};
    if (!open_lanes(crew, lane_count, error)) {
        return false;
    }
    if (!open_aides(crew, error)) {
        drain_lanes(crew);
        close_lanes(crew);
        return false;
    }
    return true;
}

void crew_close(struct crew *crew)
{
    sorter_drain(&crew->sorter);
    sweeper_drain(&crew->sweeper);
    drain_lanes(crew);
    close_lanes(crew);
    sorter_close(&crew->sorter);
    summary_add_sorter(&crew->summary, &crew->sorter);
    sweeper_close(&crew->sweeper);
}
