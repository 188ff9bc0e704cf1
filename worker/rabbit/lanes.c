/* SPDX-License-Identifier: Apache-2.0
 *
 * Declares, binds, looks at and deletes what one generation of lanes consists of. */
#include "worker/rabbit/lanes.h"

#include <stdio.h>

#include <amqp.h>
#include <amqp_framing.h>

#include "common/base/limits.h"
#include "common/connect/rabbit.h"
#include "common/contract/slot.h"

/* 4.x takes 20 where none is named: a window lost in 20 crashes. Each time that a lane gives back
 * what it has in hand counts, at most one in two seconds while something fails: this is weeks of
 * it. A job that crashes workers is found by the database's count of lonely beginnings. */
#define JOB_DELIVERY_LIMIT       1000000
#define JOB_DELIVERY_LIMIT_OLDER 1000 /* of queues from before that was found out */

static amqp_table_entry_t text_argument(const char *key, const char *value)
{
    return (amqp_table_entry_t){
        .key = amqp_cstring_bytes(key),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value)}};
}

static bool answered_or_absent(struct rabbit *rabbit, const char *noun, const char *name,
                               bool *absent, struct error *error)
{
    *absent = false;
    if (lanes_answered(rabbit, noun, name, error)) {
        return true;
    }
    *absent = rabbit->reply_code == AMQP_NOT_FOUND;
    return *absent && rabbit_channel_open(rabbit, CHANNEL_LANES, error);
}

static bool bind_entry(struct rabbit *rabbit, const struct topology *topology, const char *entry,
                       struct error *error)
{
    const struct address source = address_of(topology->namespace, entry);
    const struct address lanes = address_lanes(topology->namespace, topology->generation);
    amqp_exchange_bind(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(lanes.text),
                       amqp_cstring_bytes(source.text), amqp_empty_bytes, amqp_empty_table);
    return lanes_answered(rabbit, "binding of exchange", source.text, error);
}

static bool unbind_entry(struct rabbit *rabbit, struct address lanes, struct address source,
                         struct error *error)
{
    bool absent;
    amqp_exchange_unbind(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(lanes.text),
                         amqp_cstring_bytes(source.text), amqp_empty_bytes, amqp_empty_table);
    return answered_or_absent(rabbit, "binding of exchange", source.text, &absent, error);
}

bool lanes_answered(struct rabbit *rabbit, const char *noun, const char *name, struct error *error)
{
    char what[ADDRESS_MAX + 32];
    (void)snprintf(what, sizeof what, "%s \"%s\"", noun, name);
    return rabbit_reply(rabbit, CHANNEL_LANES, amqp_get_rpc_reply(rabbit->connection), what, error);
}

bool lanes_declare_exchange(struct rabbit *rabbit, const struct topology *topology,
                            struct error *error)
{
    const struct address unrouted = address_of(topology->namespace, "unrouted");
    const struct address lanes = address_lanes(topology->namespace, topology->generation);
    amqp_table_entry_t arguments[] = {text_argument("alternate-exchange", unrouted.text)};
    amqp_exchange_declare(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(lanes.text),
                          amqp_cstring_bytes("direct"), 0, 1, 0, 0, (amqp_table_t){1, arguments});
    return lanes_answered(rabbit, "exchange", lanes.text, error);
}

/* One consumer at a time, and nothing is ever dropped: without reject-publish the broker silently
 * falls back to delivering dead letters at most once. */
static bool declare_queue(struct rabbit *rabbit, const char *namespace, struct address queue,
                          int32_t delivery_limit, struct error *error)
{
    const struct address dead = address_of(namespace, "dead");
    amqp_table_entry_t arguments[] = {
        text_argument("x-queue-type", "quorum"),
        {.key = amqp_cstring_bytes("x-single-active-consumer"),
         .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}},
        {.key = amqp_cstring_bytes("x-delivery-limit"),
         .value = {.kind = AMQP_FIELD_KIND_I32, .value.i32 = delivery_limit}},
        text_argument("x-dead-letter-exchange", dead.text),
        text_argument("x-dead-letter-strategy", "at-least-once"),
        text_argument("x-overflow", "reject-publish"),
    };
    amqp_queue_declare(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(queue.text), 0, 1, 0,
                       0, (amqp_table_t){sizeof arguments / sizeof arguments[0], arguments});
    return lanes_answered(rabbit, "queue", queue.text, error);
}

/* A queue's properties are for ever: one of an older version, which differs in nothing but this,
 * stays as it is. */
bool lanes_declare_queue(struct rabbit *rabbit, const char *namespace, struct address queue,
                         struct error *error)
{
    struct error older = {0};
    if (declare_queue(rabbit, namespace, queue, JOB_DELIVERY_LIMIT, error)) {
        return true;
    }
    if (rabbit->reply_code != AMQP_PRECONDITION_FAILED ||
        !rabbit_channel_open(rabbit, CHANNEL_LANES, &older) ||
        !declare_queue(rabbit, namespace, queue, JOB_DELIVERY_LIMIT_OLDER, &older)) {
        return false;
    }
    *error = (struct error){0};
    return true;
}

/* Does not wait for single answers: a thousand round trips would take a second. A refusal closes
 * the channel, and the next request that waits for its answer learns of it. */
bool lanes_bind_slots(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    const struct address exchange = address_lanes(topology->namespace, topology->generation);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        char key[sizeof "4294967295"];
        (void)snprintf(key, sizeof key, "%u", slot);
        const struct address queue = address_lane(topology->namespace, topology->generation,
                                                  slot_lane(slot, topology->lanes));
        amqp_queue_bind_t bind = {
            .queue = amqp_cstring_bytes(queue.text),
            .exchange = amqp_cstring_bytes(exchange.text),
            .routing_key = amqp_cstring_bytes(key),
            .nowait = 1,
        };
        const int status =
            amqp_send_method(rabbit->connection, CHANNEL_LANES, AMQP_QUEUE_BIND_METHOD, &bind);
        if (!rabbit_status(rabbit, status, "binding of slots", error)) {
            return false;
        }
    }
    return true;
}

bool lanes_bind_entries(struct rabbit *rabbit, const struct topology *topology, struct error *error)
{
    return bind_entry(rabbit, topology, "jobs", error) &&
           bind_entry(rabbit, topology, "stock", error);
}

bool lanes_unbind_entries(struct rabbit *rabbit, const char *namespace, uint32_t generation,
                          struct error *error)
{
    const struct address lanes = address_lanes(namespace, generation);
    return unbind_entry(rabbit, lanes, address_of(namespace, "jobs"), error) &&
           unbind_entry(rabbit, lanes, address_of(namespace, "stock"), error);
}

bool lanes_look(struct rabbit *rabbit, struct address queue, struct lanes_queue *found,
                struct error *error)
{
    bool absent;
    const amqp_queue_declare_ok_t *declared =
        amqp_queue_declare(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(queue.text), 1, 1,
                           0, 0, amqp_empty_table);
    if (!answered_or_absent(rabbit, "queue", queue.text, &absent, error)) {
        return false;
    }
    *found = absent ? (struct lanes_queue){.there = false}
                    : (struct lanes_queue){true, declared->message_count, declared->consumer_count};
    return true;
}

/* Never with a condition: "only if empty" is answered by closing the whole connection, where the
 * queue is a quorum queue (RabbitMQ 3.10.8). */
bool lanes_delete_queue(struct rabbit *rabbit, struct address queue, struct error *error)
{
    amqp_queue_delete(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(queue.text), 0, 0);
    return lanes_answered(rabbit, "queue", queue.text, error);
}

bool lanes_delete_exchange(struct rabbit *rabbit, struct address exchange, struct error *error)
{
    amqp_exchange_delete(rabbit->connection, CHANNEL_LANES, amqp_cstring_bytes(exchange.text), 0);
    return lanes_answered(rabbit, "exchange", exchange.text, error);
}
