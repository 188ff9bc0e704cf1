/* SPDX-License-Identifier: Apache-2.0
 *
 * Starts the threads of a worker and ends them. */
#include "worker/crew/crew.h"

static void drain_aides(struct crew *crew)
{
    sorter_thread_drain(&crew->sorter);
    sweeper_thread_drain(&crew->sweeper);
    changer_drain(&crew->changer);
}

static void close_aides(struct crew *crew)
{
    sorter_thread_close(&crew->sorter);
    sweeper_thread_close(&crew->sweeper);
    changer_close(&crew->changer);
}

/* What has been started when a start fails, it ends again. */
static bool open_aides(struct crew *crew, struct error *error)
{
    if (!sorter_thread_open(&crew->sorter, &crew->duty, error)) {
        return false;
    }
    if (!sweeper_thread_open(&crew->sweeper, &crew->duty, error)) {
        sorter_thread_drain(&crew->sorter);
        sorter_thread_close(&crew->sorter);
        return false;
    }
    if (!changer_open(&crew->changer, &crew->duty, error)) {
        sorter_thread_drain(&crew->sorter);
        sweeper_thread_drain(&crew->sweeper);
        sorter_thread_close(&crew->sorter);
        sweeper_thread_close(&crew->sweeper);
        return false;
    }
    return true;
}

bool crew_open(struct crew *crew, const struct lane_duty *duty, const struct roster *roster,
               uint32_t generation, struct error *error)
{
    *crew = (struct crew){.duty = *duty};
    atomic_store(&crew->generation, generation);
    crew->duty.generation = &crew->generation;
    crew->duty.replies = &crew->replies;
    if (!replies_open(&crew->replies, duty->url, duty->config->namespace.value, error)) {
        return false;
    }
    if (!open_aides(crew, error)) {
        replies_close(&crew->replies);
        return false;
    }
    if (!keeper_open(&crew->keeper, &crew->duty, roster, &crew->generation, error)) {
        drain_aides(crew);
        close_aides(crew);
        replies_close(&crew->replies);
        return false;
    }
    return true;
}

void crew_close(struct crew *crew)
{
    keeper_drain(&crew->keeper);
    drain_aides(crew);
    keeper_close(&crew->keeper);
    close_aides(crew);
    replies_close(&crew->replies);
    crew->summary = crew->keeper.servings.summary;
    summary_add_sorter(&crew->summary, &crew->sorter.sorter);
}
