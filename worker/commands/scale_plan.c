/* SPDX-License-Identifier: Apache-2.0
 *
 * Looks how many jobs wait in each lane and how fast it is. */
#include "worker/commands/scale_plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/connect/amqp_url.h"
#include "common/connect/rabbit.h"
#include "common/contract/json_write.h"
#include "worker/postgres/change.h"
#include "worker/postgres/room.h"
#include "worker/rabbit/lanes.h"

#define CHANGE_SECONDS 2 /* beside the time to drain: the grace, and a moment for each step */

struct plan {
    struct generation now;
    uint32_t lanes; /* wanted */
    struct lanes_change change;
    uint32_t workers;
    uint64_t backlog;
    bool time_known;
    uint64_t seconds;
    int64_t room;    /* for connections to the database */
    uint32_t wanted; /* while old and new lanes work */
};

bool scale_room(struct postgres *postgres, uint32_t before, uint32_t lanes, int64_t *room,
                uint32_t *wanted, struct error *error)
{
    *wanted = ROOM_BESIDE_LANES + (before == lanes ? lanes : before + lanes);
    return room_look(postgres, room, error);
}

static bool look_at_lanes(struct plan *plan, struct rabbit *rabbit, const char *namespace,
                          const double *rates, struct error *error)
{
    double longest = 0;
    plan->time_known = true;
    for (uint32_t lane = 0; lane < plan->now.lanes; lane++) {
        const struct address name = address_lane(namespace, plan->now.number, lane);
        struct lanes_queue queue = {.there = false};
        if (!lanes_look(rabbit, name, &queue, error)) {
            return false;
        }
        if (!queue.there) {
            error_set(error, ERROR_CONFIG, "queue \"%s\" is missing", name.text);
            return error_advise(error, "Declare it again: till setup");
        }
        plan->backlog += queue.ready;
        plan->time_known &= queue.ready == 0 || rates[lane] >= 1;
        if (queue.ready > 0 && rates[lane] >= 1 && queue.ready / rates[lane] > longest) {
            longest = queue.ready / rates[lane];
        }
    }
    plan->seconds = CHANGE_SECONDS + (uint64_t)longest;
    return true;
}

static bool look_at_broker(struct plan *plan, const struct config *config, const double *rates,
                           struct error *error)
{
    struct amqp_url url;
    struct rabbit rabbit;
    if (!amqp_url_load(config, &url, error) || !rabbit_open(&rabbit, &url, "till scale", error)) {
        return false;
    }
    const bool looked = rabbit_channel_open(&rabbit, CHANNEL_LANES, error) &&
                        look_at_lanes(plan, &rabbit, config->namespace.value, rates, error);
    rabbit_close(&rabbit);
    return looked;
}

static void print(const struct plan *plan)
{
    (void)printf("lanes    %u now, generation %u; %u then\n", plan->now.lanes, plan->now.number,
                 plan->lanes);
    (void)printf("workers  %u\n", plan->workers);
    (void)printf("backlog  %llu jobs to be decided before the new lanes begin\n",
                 (unsigned long long)plan->backlog);
    if (plan->workers == 0) {
        (void)printf("time     none: the lanes wait for a worker\n");
    } else if (plan->time_known) {
        (void)printf("time     about %llu s\n", (unsigned long long)plan->seconds);
    } else {
        (void)printf("time     not known: a lane with a backlog has no rate yet\n");
    }
    (void)printf("room     for %" PRId64 " connections to the database, %u wanted%s\n", plan->room,
                 plan->wanted, plan->room < (int64_t)plan->wanted ? ": too few" : "");
    if (plan->change.generation != 0) {
        (void)printf("change   from %u to %u lanes is under way: %s, %u of %u lanes drained\n",
                     plan->change.source_lanes, plan->change.lanes,
                     change_step_name(plan->change.step), plan->change.drained,
                     plan->change.source_lanes);
    } else if (plan->lanes == plan->now.lanes) {
        (void)printf("change   none: there are as many lanes already\n");
    }
}

static void print_json(const struct plan *plan)
{
    char memory[1024];
    struct text text;
    text_init(&text, memory, sizeof memory);
    struct json json = json_on(&text);
    json_object(&json);
    json_member_integer(&json, "generation", plan->now.number);
    json_member_integer(&json, "lanes", plan->now.lanes);
    json_member_integer(&json, "wanted", plan->lanes);
    json_member_integer(&json, "workers", plan->workers);
    json_member_integer(&json, "backlog", (int64_t)plan->backlog);
    json_key(&json, "seconds");
    if (plan->workers > 0 && plan->time_known) {
        json_integer(&json, (int64_t)plan->seconds);
    } else {
        json_null(&json);
    }
    json_member_integer(&json, "connections", plan->room);
    json_member_integer(&json, "connections_wanted", plan->wanted);
    json_key(&json, "change");
    if (plan->change.generation == 0) {
        json_null(&json);
    } else {
        json_object(&json);
        json_member_integer(&json, "generation", plan->change.generation);
        json_member_integer(&json, "lanes", plan->change.lanes);
        json_member_string(&json, "step", change_step_name(plan->change.step));
        json_member_integer(&json, "drained", plan->change.drained);
        json_object_end(&json);
    }
    json_object_end(&json);
    ENSURE(!text.full);
    (void)printf("%s\n", text.bytes);
}

bool scale_plan(const struct config *config, struct postgres *postgres, uint32_t lanes,
                bool as_json, struct error *error)
{
    double rates[LANES_MAX];
    struct change_lease lease;
    struct plan plan = {.lanes = lanes};
    if (!generation_current(postgres, &plan.now, error) ||
        !change_read(postgres, &plan.change, &lease, error) ||
        !change_workers(postgres, &plan.workers, error) ||
        !change_rates(postgres, plan.now.number, plan.now.lanes, rates, error) ||
        !scale_room(postgres, plan.now.lanes, lanes, &plan.room, &plan.wanted, error) ||
        !look_at_broker(&plan, config, rates, error)) {
        return false;
    }
    if (as_json) {
        print_json(&plan);
    } else {
        print(&plan);
    }
    return true;
}
