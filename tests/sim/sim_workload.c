/* SPDX-License-Identifier: Apache-2.0
 *
 * When jobs are sent, by which way, and how often. */
#include "tests/sim/sim_workload.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ensure.h"
#include "common/base/limits.h"
#include "tests/sim/sim_broker.h"
#include "tests/sim/sim_database.h"
#include "tests/sim/sim_draw.h"

struct span sim_sku(uint32_t number)
{
    static const char *const names[SIM_SKUS_MAX] = {"PAD", "PS5", "SKU-0", "VINTAGE", "a", "it's"};
    ENSURE(number < SIM_SKUS_MAX);
    return (struct span){names[number], (uint32_t)strlen(names[number])};
}

struct span sim_pool(uint32_t number)
{
    return number == 0 ? SPAN_OF("main") : SPAN_OF("second");
}

void sim_workload_init(struct sim_workload *workload, struct sim_core *core,
                       const struct sim_world *world, struct sim_account *account,
                       struct sim_broker *broker, const struct sim_database *database,
                       struct arena *arena)
{
    workload->core = core;
    workload->world = world;
    workload->account = account;
    workload->broker = broker;
    workload->database = database;
    workload->arena = arena;
    prng_init(&workload->prng, prng_next(&core->chance));
    workload->to_stock = world->skus * world->pools;
    workload->thought = 0;
    workload->weight_all = 0;
    workload->reserve_count = 0;
    workload->sale_count = 0;
    for (uint32_t i = 0; i < KIND_COUNT; i++) {
        workload->weight_all += world->weights[i];
    }
    for (uint32_t i = 0; i < world->publishers; i++) {
        sim_timers_set(&core->timers, ACTOR_PUBLISHER + i, sim_between(core, 1, SIM_MS));
    }
}

/* Stock jobs and expires come through NS.stock, unless somebody mistakes the exchange. */
static bool is_for_stock(const struct sim_workload *workload, const struct sim_job *job)
{
    const bool stock = kind_is_stock(job->job.kind) || job->job.kind == KIND_EXPIRE;
    return job->class != CLASS_MALFORMED && stock &&
           !sim_strikes(workload->core, FAULT_WRONG_EXCHANGE);
}

/* Where an answer is wanted: nowhere, at a front end's queue, or where no job may aim at. */
static void put_reply_to(struct sim_workload *workload, struct sim_copy *copy)
{
    static const char *const garbage[] = {"till.lane.g1.0000", "till.sort", "till.reply.",
                                          "amq.rabbitmq.reply-to."};
    static const char *const queues[] = {"till.reply.web", "amq.rabbitmq.reply-to.x.y"};
    const bool astray = sim_strikes(workload->core, FAULT_GARBAGE_REPLY);
    copy->reply_allowed = !astray && prng_below(&workload->prng, 3) == 0;
    if (astray || copy->reply_allowed) {
        const char *name = astray ? garbage[prng_below(&workload->prng, 4)]
                                  : queues[prng_below(&workload->prng, 2)];
        copy->reply_to = (struct span){name, (uint32_t)strlen(name)};
    }
}

/* Who sends a job again may be somebody else, and send it elsewhere: two lanes have it at once. */
static bool is_astray(struct sim_workload *workload, const struct sim_job *job)
{
    return sim_strikes(workload->core, FAULT_MISROUTED) ||
           (job->first_copy != SIM_COPY_NONE && prng_below(&workload->prng, 4) == 0);
}

/* One more copy of a job goes to the broker. */
static void send(struct sim_workload *workload, uint32_t publisher, uint32_t number)
{
    const struct sim_job *job = &workload->account->jobs[number];
    struct sim_copy copy = {.job = number,
                            .next = SIM_COPY_NONE,
                            .slot = job->slot,
                            .publisher = publisher,
                            .from_stock_exchange = is_for_stock(workload, job)};
    const bool has_key = !workload->world->sorts || !sim_strikes(workload->core, FAULT_NO_KEY);
    if (is_astray(workload, job)) {
        copy.slot = prng_below(&workload->prng, SLOTS);
    }
    put_reply_to(workload, &copy);
    if (has_key) {
        struct text key;
        text_init(&key, copy.key, sizeof copy.key);
        text_put_integer(&key, copy.slot);
        copy.key_size = (uint32_t)key.size;
    }
    sim_exchange_publish(workload->broker, &copy);
}

/* A publisher that has heard nothing sends the same job again. */
static void send_and_repeat(struct sim_workload *workload, uint32_t publisher, uint32_t number)
{
    send(workload, publisher, number);
    while (sim_strikes(workload->core, FAULT_REPEAT_NEAR)) {
        send(workload, publisher, number);
    }
}

static uint32_t any_job(struct sim_workload *workload)
{
    return prng_below(&workload->prng, workload->account->job_count);
}

static void publish_one(struct sim_workload *workload, uint32_t publisher)
{
    if (workload->to_stock > 0) {
        send_and_repeat(workload, publisher, sim_draw_stocking(workload));
        return;
    }
    workload->thought++;
    if (sim_strikes(workload->core, FAULT_MALFORMED)) {
        send(workload, publisher, sim_draw_malformed(workload));
    }
    if (sim_strikes(workload->core, FAULT_REPEAT_FAR)) {
        send(workload, publisher, any_job(workload));
    }
    if (sim_strikes(workload->core, FAULT_ID_REUSED)) {
        const uint32_t original = any_job(workload);
        const struct sim_job *job = &workload->account->jobs[original];
        if (job->class != CLASS_MALFORMED && job->job.kind != KIND_EXPIRE) {
            send(workload, publisher, sim_draw_reused(workload, original));
        }
    }
    send_and_repeat(workload, publisher, sim_draw_job(workload));
}

/* Room is left for expires. */
bool sim_workload_is_done(const struct sim_workload *workload)
{
    return workload->thought >= workload->world->jobs ||
           workload->account->job_count > SIM_JOBS_MAX - SIM_JOBS_MAX / 4 ||
           workload->account->copy_count > SIM_COPIES_MAX / 3;
}

void sim_workload_publish(struct sim_workload *workload, uint32_t publisher)
{
    struct sim_core *core = workload->core;
    const uint32_t count = 1 + prng_below(&workload->prng, workload->world->burst);
    for (uint32_t i = 0; i < count && !sim_workload_is_done(workload); i++) {
        publish_one(workload, publisher);
    }
    sim_timers_set(&core->timers, ACTOR_PUBLISHER + publisher,
                   sim_workload_is_done(workload)
                       ? SIM_NEVER
                       : core->now + sim_between(core, 1, workload->world->pace));
}

bool sim_workload_crashes(const struct sim_workload *workload, uint32_t copy)
{
    return workload->account->jobs[workload->account->copies[copy].job].class == CLASS_CRASHING;
}
