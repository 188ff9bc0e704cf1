/* SPDX-License-Identifier: Apache-2.0
 *
 * Publishes checkouts as a shop's front ends do. */
#include "worker/commands/demo_front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/contract/json_write.h"
#include "common/contract/slot.h"
#include "worker/rabbit/submitter.h"

#define BODY_MAX     256u
#define TURN_MS      100
#define SENT_AT_ONCE 64u /* between two looks at what the broker says */

int64_t demo_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* this clock is always there */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A job of one item; without a customer it is a delivery. */
static struct span write_job(char body[BODY_MAX], const char *id, const char *kind,
                             const char *customer, int64_t qty)
{
    struct text text;
    text_init(&text, body, BODY_MAX);
    struct json json = json_on(&text);
    json_object(&json);
    json_member_string(&json, "id", id);
    json_member_string(&json, "kind", kind);
    if (customer != NULL) {
        json_member_string(&json, "customer", customer);
    }
    json_key(&json, "items");
    json_array(&json);
    json_object(&json);
    json_member_string(&json, "sku", DEMO_SKU);
    json_member_integer(&json, "qty", qty);
    json_object_end(&json);
    json_array_end(&json);
    json_object_end(&json);
    ENSURE(!text.full);
    return (struct span){text.bytes, (uint32_t)text.size};
}

static bool send_job(struct submitter *submitter, const char *id, enum kind kind, struct span body,
                     struct error *error)
{
    const struct job job = {.id = {id, (uint32_t)strlen(id)}, .kind = kind};
    return submitter_send(submitter, &job, body, till_slot(DEMO_SKU, sizeof DEMO_SKU - 1), error);
}

static void count_accepted(void *self, struct span id)
{
    struct demo_fronts *fronts = self;
    (void)id;
    atomic_fetch_add(&fronts->accepted, 1);
}

static void ignore_accepted(void *self, struct span id)
{
    (void)self;
    (void)id;
}

bool demo_fronts_deliver(const struct amqp_url *url, const char *namespace, uint32_t units,
                         struct error *error)
{
    static struct submitter submitter; /* large, and of the main thread only */
    const struct submitter_sink sink = {.accepted = ignore_accepted};
    char body[BODY_MAX];
    if (!submitter_open(&submitter, url, namespace, 0, &sink, error)) {
        return false;
    }
    bool good = send_job(&submitter, DEMO_STOCK_ID, KIND_ADJUST,
                         write_job(body, DEMO_STOCK_ID, "adjust", NULL, units), error);
    while (good && submitter_pending(&submitter) > 0) {
        good = submitter_turn(&submitter, TURN_MS, error);
    }
    submitter_close(&submitter);
    return good;
}

static bool send_buyer(struct demo_front *front, uint32_t buyer)
{
    char id[32];
    char customer[32];
    char body[BODY_MAX];
    (void)snprintf(id, sizeof id, DEMO_ID "%u", buyer + 1);
    (void)snprintf(customer, sizeof customer, "customer-%u", buyer + 1);
    const struct span job = write_job(body, id, "checkout", customer, 1);
    atomic_store(&front->fronts->sent_us[buyer], demo_now_us());
    if (!send_job(front->submitter, id, KIND_CHECKOUT, job, &front->error)) {
        return false;
    }
    atomic_fetch_add(&front->fronts->sent, 1);
    return true;
}

/* Each front end has every so-manieth buyer. */
static bool send_all(struct demo_front *front)
{
    struct demo_fronts *fronts = front->fronts;
    struct submitter *submitter = front->submitter;
    uint32_t buyer = front->number;
    while (!atomic_load(&fronts->stopping)) {
        for (uint32_t i = 0; i < SENT_AT_ONCE && buyer < fronts->buyers; i++) {
            if (submitter_full(submitter) || submitter->rabbit.blocked) {
                break;
            }
            if (!send_buyer(front, buyer)) {
                return false;
            }
            buyer += DEMO_FRONTS;
        }
        if (buyer >= fronts->buyers && submitter_pending(submitter) == 0) {
            return true;
        }
        const bool waits =
            buyer >= fronts->buyers || submitter_full(submitter) || submitter->rabbit.blocked;
        if (!submitter_turn(submitter, waits ? TURN_MS : 0, &front->error)) {
            return false;
        }
    }
    return error_set(&front->error, ERROR_FATAL, "stopped before all buyers were served");
}

static void *run(void *self)
{
    struct demo_front *front = self;
    const struct submitter_sink sink = {.accepted = count_accepted, .self = front->fronts};
    if (submitter_open(front->submitter, front->fronts->url, front->fronts->namespace, 0, &sink,
                       &front->error)) {
        front->done = send_all(front);
        submitter_close(front->submitter);
    }
    atomic_fetch_add(&front->fronts->ended, 1);
    return NULL;
}

bool demo_fronts_open(struct demo_fronts *fronts, struct error *error)
{
    fronts->sent_us = calloc(fronts->buyers, sizeof *fronts->sent_us);
    if (fronts->sent_us == NULL) {
        return error_set(error, ERROR_FATAL, "no memory for %u buyers", fronts->buyers);
    }
    for (uint32_t i = 0; i < DEMO_FRONTS; i++) {
        struct demo_front *front = &fronts->list[i];
        *front = (struct demo_front){.fronts = fronts, .number = i};
        front->submitter = calloc(1, sizeof *front->submitter);
        front->started =
            front->submitter != NULL && pthread_create(&front->thread, NULL, run, front) == 0;
        if (!front->started) {
            return error_set(error, ERROR_FATAL, "no memory for a front end");
        }
    }
    return true;
}

bool demo_fronts_check(const struct demo_fronts *fronts, struct error *error)
{
    if (atomic_load(&fronts->ended) < DEMO_FRONTS) {
        return true;
    }
    for (uint32_t i = 0; i < DEMO_FRONTS; i++) {
        if (!fronts->list[i].done) {
            *error = fronts->list[i].error;
            return error_wrap(error, "front end %u", i + 1);
        }
    }
    return true;
}

void demo_fronts_close(struct demo_fronts *fronts)
{
    atomic_store(&fronts->stopping, true);
    for (uint32_t i = 0; i < DEMO_FRONTS; i++) {
        struct demo_front *front = &fronts->list[i];
        if (front->started) {
            ENSURE(pthread_join(front->thread, NULL) == 0);
        }
        free(front->submitter);
        *front = (struct demo_front){0};
    }
    free(fronts->sent_us);
    fronts->sent_us = NULL;
}
